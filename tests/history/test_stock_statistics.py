import random

import pytest
from pytest_benchmark.stats import Stats

from parabench.history.stock_statistics import stock_statistics


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31])
def test_they_are_those_of_pytest_benchmark(rounds):
    source = random.Random(rounds)
    for _ in range(20):
        seconds = [source.lognormvariate(-3, 1) for _ in range(rounds)]
        theirs = Stats()
        for value in seconds:
            theirs.update(value)
        ours = stock_statistics(seconds)
        assert ours.pop("data") == seconds
        assert ours.pop("iterations") == 1
        assert ours == theirs.as_dict()
