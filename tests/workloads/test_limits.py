"""Shortest schedules: no schedule beats them, and one reaches them or comes close."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.workload import LimitCase, cpu_limit, makespan_least


def best_schedule(lengths, workers):
    """The shortest of all assignments, by trying them."""
    return min(
        max(sum(itertools.compress(lengths, [worker == one for worker in chosen])) for one in range(workers))
        for chosen in itertools.product(range(workers), repeat=len(lengths))
    )


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 3))
def test_no_schedule_beats_it(lengths, workers):
    assert makespan_least(lengths, workers) <= best_schedule(lengths, workers) + 1e-9


@pytest.mark.parametrize(
    ("lengths", "workers", "least"),
    [
        ([1.0] * 7, 2, 4.0),  # the sum alone says 3.5
        ([1.0] * 100, 8, 13.0),
        ([5.0, 1.0, 1.0], 2, 5.0),
        ([3.0, 3.0, 2.0, 2.0, 2.0], 2, 6.0),
        ([], 4, 0.0),
    ],
)
def test_it_counts_whole_tasks(lengths, workers, least):
    assert makespan_least(lengths, workers) == least


def test_list_scheduling_comes_close_to_it():
    source = random.Random(1)
    for _ in range(50):
        lengths = [source.lognormvariate(0, 0.5) for _ in range(60)]
        free = [0.0] * 8
        for length in lengths:
            free[free.index(min(free))] += length
        assert makespan_least(lengths, 8) <= max(free) <= 1.5 * makespan_least(lengths, 8)


def test_the_limit_of_computing_work_is_a_schedule_when_lengths_are_known():
    case = {"items": [], "settings": {}, "workers": 4, "cores_usable": 2, "seconds_sequential": 7.0}
    assert cpu_limit(LimitCase(**case)).seconds == 3.5
    known = cpu_limit(LimitCase(**case, seconds_of_tasks=[1.0] * 7))
    assert known.seconds == 4.0
    assert known.reason == "shortest schedule of the sequential tasks on 2 cores"
