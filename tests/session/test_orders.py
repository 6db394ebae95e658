"""Orders of passes: balanced, random, the same for the same seed, and proof against drift."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse.ranking import rank
from parabench.session.orders import order_of_passes, williams_design

BLOCKS = [[f"{workload}-{model}" for model in range(5 + workload)] for workload in range(4)]


@given(st.integers(1, 15))
def test_a_williams_design_is_balanced_for_place_and_predecessor(size: int) -> None:
    design = williams_design(size)
    assert len(design) == (size if size % 2 == 0 else 2 * size)
    for place in range(size):
        assert set(Counter(row[place] for row in design).values()) == {len(design) // size}
    followers = Counter((row[place], row[place + 1]) for row in design for place in range(size - 1))
    assert len(followers) == size * (size - 1)
    assert len(set(followers.values())) <= 1


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_every_pass_visits_every_cell_once_workload_by_workload(seed: int, passes: int) -> None:
    everything = sorted(cell for block in BLOCKS for cell in block)
    for order in order_of_passes(BLOCKS, passes, seed):
        assert sorted(order) == everything
        workloads = [cell[0] for cell in order]
        changes = sum(one != other for one, other in itertools.pairwise(workloads))
        assert changes == len(BLOCKS) - 1


def test_orders_are_repeatable_and_new_in_every_pass() -> None:
    orders = order_of_passes(BLOCKS, 6, seed=7)
    assert orders == order_of_passes(BLOCKS, 6, seed=7)
    assert orders != order_of_passes(BLOCKS, 6, seed=8)
    assert len({tuple(order) for order in orders}) == 6


def test_over_as_many_passes_as_models_each_comes_once_in_every_place() -> None:
    block = list("abcdef")
    for order_number in range(2):  # two designs, one after the other
        orders = order_of_passes([block], 12, seed=3)[6 * order_number : 6 * order_number + 6]
        assert {tuple(sorted(row[place] for row in orders)) for place in range(6)} == {tuple(block)}


#: Seconds of each model without any noise: neighbours differ by 4 %.
TRUTH = {f"m{number}": 1.04**number for number in range(8)}
RAMPS = {
    "none": lambda _: 0.0,
    "twice as slow at the end": lambda share: math.log(1 + share),
    "half as slow at the end": lambda share: -math.log(1 + share),
    "a step in the middle": lambda share: 0.5 * (share > 0.5),
    "a wave": lambda share: 0.3 * math.sin(9 * share),
}


def winner(ramp: str, seed: int) -> str:
    """Who wins one of six workloads after eight passes on a machine whose clock drifts by the ramp."""
    source = random.Random(seed)
    blocks = [[(workload, model) for model in TRUTH] for workload in range(6)]
    orders = order_of_passes(blocks, 8, seed)
    visits = sum(map(len, orders))
    seconds: dict[str, dict[int, float]] = {model: {} for model in TRUTH}
    done = 0
    for number, order in enumerate(orders):
        for workload, model in order:
            noise = source.gauss(0, 0.005) + RAMPS[ramp](done / visits)
            done += 1
            if workload == 0:
                seconds[model][number] = TRUTH[model] * math.exp(noise)
    ranking = rank(seconds, baseline="m0")
    assert ranking is not None
    return ranking.best if not ranking.is_tie else "tie"


@pytest.mark.parametrize("ramp", RAMPS)
def test_a_drift_of_the_machine_does_not_change_who_wins(ramp: str) -> None:
    """100 % of drift over the session, 4 % between the first and the second model."""
    found = Counter(winner(ramp, seed) for seed in range(60))
    print(f"{ramp}: {dict(found)}")
    assert set(found) <= {"m0", "tie"}, "never another winner"
    assert found["m0"] >= (24 if "middle" in ramp else 57)
