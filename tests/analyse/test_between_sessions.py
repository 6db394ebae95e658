"""A speed-up's interval is about the machine when stored sessions tell how much sessions differ."""

from __future__ import annotations

import math
import random

import pytest

from parabench.analyse.between_sessions import Between, about_the_machine, between_sessions
from parabench.analyse.ranking import Ratio, paired_ratio

MODELS, PASSES = 12, 5
SESSION_BY_CELL, PASS = 0.03, 0.01


def one_session(source: random.Random, truth: list[float]) -> list[tuple[list[float], list[float]]]:
    """Seconds of the baseline and of each model by pass; every session moves every ratio by 3 %."""
    found = []
    for speedup in truth:
        moved = speedup * math.exp(source.gauss(0, SESSION_BY_CELL))
        alone = [math.exp(source.gauss(0, PASS)) for _ in range(PASSES)]
        found.append((alone, [math.exp(source.gauss(0, PASS)) / moved for _ in range(PASSES)]))
    return found


def log_speedups(source: random.Random, truth: list[float], sessions: int) -> dict[str, list[float]]:
    ratios = [[paired_ratio(*pair, 0.95).ratio for pair in one_session(source, truth)] for _ in range(sessions)]
    return {str(model): [math.log(found[model]) for found in ratios] for model in range(len(truth))}


@pytest.mark.parametrize("sessions", [2, 5, 20])
def test_intervals_are_about_the_machine(sessions: int) -> None:
    source, runs = random.Random(sessions), 60
    held = alone = wins = wins_alone = 0
    for _ in range(runs):
        truth = [1.0 if model % 2 else 2.0 for model in range(MODELS)]
        known = between_sessions(log_speedups(source, truth, sessions), lambda _: "all")
        for model, pair in enumerate(one_session(source, truth)):
            ratio = paired_ratio(*pair, 0.95)
            machine = about_the_machine(ratio, known[str(model)], 0.95)
            assert ratio.low is not None
            assert ratio.high is not None
            assert machine.low is not None
            assert machine.high is not None
            alone += ratio.low <= truth[model] <= ratio.high
            held += machine.low <= truth[model] <= machine.high
            wins_alone += truth[model] == 1 and ratio.separates
            wins += truth[model] == 1 and machine.separates
    of = runs * MODELS
    print(
        f"{sessions} stored sessions: {held / of:.1%} of intervals about the machine hold, of the session's own "
        f"{alone / of:.1%}; equal models are told apart in {2 * wins / of:.1%}, before in {2 * wins_alone / of:.1%}"
    )
    assert alone / of < 0.7, "what this is for"
    assert 0.92 <= held / of <= 0.985, "95 % have a standard error of 0.8 %"


def test_groups_that_differ_are_not_mixed() -> None:
    source = random.Random(3)
    quiet = {f"quiet-{n}": [source.gauss(0, 0.005) for _ in range(4)] for n in range(20)}
    noisy = {f"noisy-{n}": [source.gauss(0, 0.10) for _ in range(4)] for n in range(20)}
    found = between_sessions({**quiet, **noisy}, lambda cell: cell.partition("-")[0])
    assert all(math.sqrt(found[cell].variance) < 0.01 for cell in quiet)
    assert all(math.sqrt(found[cell].variance) > 0.05 for cell in noisy)


def test_a_cell_without_sessions_takes_what_its_group_has_in_common() -> None:
    source = random.Random(4)
    known: dict[str, list[float]] = {str(n): [source.gauss(0, 0.03) for _ in range(5)] for n in range(20)}
    found = between_sessions({**known, "new": []}, lambda _: "all")
    assert math.sqrt(found["new"].variance) == pytest.approx(0.03, rel=0.2)
    assert between_sessions({"new": [], "once": [0.1]}, lambda _: "all") == {}, "nothing is known"
    [alone] = between_sessions({"twice": [0.1, 0.2]}, lambda _: "all").values()
    assert (alone.variance, alone.degrees) == (pytest.approx(0.005), 1)


def test_an_interval_never_becomes_narrower() -> None:
    wide = Ratio(ratio=2.0, low=1.0, high=4.0, pairs=3)
    assert about_the_machine(wide, Between(1e-9, 100), 0.95) == wide
    single = about_the_machine(Ratio(ratio=2.0, low=None, high=None, pairs=1), Between(0.0009, 100), 0.95)
    assert single.low == pytest.approx(2 * math.exp(-1.984 * 0.03), rel=1e-3)
    nothing = about_the_machine(Ratio(ratio=math.nan, low=None, high=None, pairs=0), Between(0.01, 9), 0.95)
    assert nothing.low is None
