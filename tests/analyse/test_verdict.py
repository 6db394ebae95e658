"""Verdicts on simulated truth: coverage, false alarms, power, and what is said when there is too little to say.

The long form of the simulations is study_verdicts.py.
"""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import DAY, Experiment, verdicts, wilson
from study_false_alarms import CELLS, experiment, ours
from study_verdicts import tally

from parabench.analyse.estimate import Sides
from parabench.analyse.verdict import (
    FASTER,
    NOT_COMPARABLE,
    SAME,
    SLOWER,
    UNSURE,
    CellSamples,
    CellVerdict,
    compare_cells,
)


def in_turns(base: int, new: int) -> Sides:
    """Sessions spread over the same time."""
    return Sides(base=[n / base for n in range(base)], new=[(n + 0.5) / new for n in range(new)])


def one(base: list[float], new: list[float]) -> CellVerdict:
    return compare_cells([CellSamples(cell="cell", base=base, new=new)], in_turns(len(base), len(new)))[0]


@pytest.mark.parametrize("noise", ["plain", "common", "heavy", "days"])
@pytest.mark.parametrize("sessions", [3, 5, 8])
def test_false_alarms_power_and_coverage(noise: str, sessions: int) -> None:
    runs = {3: 15, 5: 150, 8: 25}[sessions]
    found = tally(random.Random(f"{noise}{sessions}"), Experiment(noise=noise, cells=15, sessions=sessions), runs)
    print(f"{noise}, {sessions} a side: false alarms {wilson(found.alarms, runs)}, found {wilson(found.found, runs)}")
    assert found.alarms <= (14 if runs == 150 else 4), "5 % are 7.5 and 1.3; more have a probability below 1 %"
    if sessions == 3:
        assert (found.alarms, found.intervals, found.found) == (0, 0, 0), "three a side prove nothing"
    else:
        assert found.all_covered >= 0.9 * runs, "all 15 intervals at once"
    if sessions == 8 and noise in ("plain", "common"):
        assert found.found >= 0.9 * runs


@pytest.mark.parametrize("noise", ["days", "heavy"])
@pytest.mark.parametrize("history", [0, 12])
def test_sides_one_after_the_other_are_no_alarm(noise: str, history: int) -> None:
    runs = 60
    what = Experiment(noise=noise, cells=15, sessions=4, apart=True, history=history)
    found = tally(random.Random(f"{noise}{history}"), what, runs)
    assert found.alarms <= 7
    assert (found.intervals > 0) == (history > 0)


def test_many_cells_and_five_sessions_find_what_a_test_for_each_cell_could_not() -> None:
    source, runs = random.Random(11), 25
    found = tally(source, Experiment(noise="plain", cells=250, sessions=5), runs)
    print(f"250 cells, 5 : 5: {wilson(found.alarms, runs)} alarms, {wilson(found.found, runs)} found")
    assert found.alarms <= 4
    assert found.found >= 8


def test_unchanged_code_with_rounds_inside_is_hardly_ever_called_changed() -> None:
    source, runs = random.Random(5), 60
    alarms = sum(any(ours(*experiment(source, 8, [1.0] * CELLS))) for _ in range(runs))
    assert alarms <= 8, "5 % are 3; more than 8 have a probability below 1 %"


def spread(middle: float, by: float, n: int = 8) -> list[float]:
    """Replicates with a known mean of their logarithms and a small known spread."""
    return [middle * math.exp(by * (place - (n - 1) / 2) / n) for place in range(n)]


def test_what_the_verdicts_mean() -> None:
    found = compare_cells(
        [
            CellSamples(cell="slower", base=spread(1, 0.01), new=spread(1.2, 0.01)),
            CellSamples(cell="faster", base=spread(1, 0.01), new=spread(0.8, 0.01)),
            CellSamples(cell="same", base=spread(1, 0.01), new=spread(1.01, 0.01)),
            CellSamples(cell="small", base=spread(1, 0.001), new=spread(1.03, 0.001)),
            CellSamples(cell="noisy", base=spread(1, 0.6), new=spread(1.1, 0.6)),
            CellSamples(
                cell="other", base=[1.0] * 8, new=[1.0] * 8, not_comparable="the source of its workload changed"
            ),
        ],
        in_turns(8, 8),
    )
    assert [(v.cell, v.verdict) for v in found] == [
        ("slower", SLOWER),
        ("faster", FASTER),
        ("same", SAME),
        ("small", SAME),
        ("noisy", UNSURE),
        ("other", NOT_COMPARABLE),
    ]
    assert found[0].ratio == pytest.approx(1.2)
    assert found[0].low is not None
    assert found[0].low < 1.2 < (found[0].high or 0)
    assert found[3].p is not None
    assert found[3].p < 0.05, "it did change for sure, but by less than anybody cares about"
    assert {(v.method, v.order) for v in found[:5]} == {("max-t, sampled", "alternating")}
    assert found[4].sessions_needed is None or found[4].sessions_needed > 8
    assert found[5].reason == "the source of its workload changed"
    assert {v.sessions_needed for v in found[:4]} == {None}
    assert {(v.sessions_base, v.sessions_new) for v in found} == {(8, 8)}


def test_too_few_sessions_are_not_guessed_from() -> None:
    three = one([1.0, 1.01, 1.02], [2.0, 2.01, 2.02])
    assert (three.verdict, three.low, three.high) == (UNSURE, None, None)
    assert three.reason == "3 against 3 sessions are too few to prove anything; 5 a side are enough"
    five = one([1.0, 1.01, 1.02, 1.0, 1.01], [2.0, 2.01, 2.02, 2.0, 2.01])
    assert (five.verdict, five.method) == (SLOWER, "max-t, exact")


def test_sides_one_after_the_other_say_what_would_decide() -> None:
    base, new = spread(1, 0.01), spread(1.3, 0.01)
    morning, evening = [60.0 * n for n in range(8)], [DAY + 60.0 * n for n in range(8)]
    [apart] = compare_cells([CellSamples(cell="cell", base=base, new=new)], Sides(base=morning, new=evening))
    assert (apart.verdict, apart.order, apart.low) == (UNSURE, "one after the other", None)
    assert apart.reason == "measured one after the other; `parabench run --rev A --rev B` would decide"
    assert apart.ratio == pytest.approx(1.3)
    assert apart.promise is not None, "in turns, this is how many would decide"
    [alone] = compare_cells([CellSamples(cell="cell", base=[1.0], new=new)], Sides(base=[0.0], new=morning))
    assert alone.reason == "one session on a side; `parabench run --rev A --rev B` would decide"


def test_a_history_of_days_tells_what_a_day_does() -> None:
    source = random.Random(2)
    days = [(DAY * n, "code") for n in range(12)]
    history = [math.exp(source.gauss(0, 0.01)) for _ in days]
    sides = Sides(base=[20 * DAY], new=[21 * DAY], history=days)
    sample = CellSamples(cell="cell", base=[1.0], new=[1.5], history=history)
    [found] = compare_cells([sample], sides)
    assert (found.verdict, found.method, found.order) == (SLOWER, "batches", "one after the other")
    together = Sides(base=[20 * DAY], new=[21 * DAY], history=[(60.0 * n, "code") for n in range(12)])
    [unknown] = compare_cells([sample], together)
    assert (unknown.verdict, unknown.method) == (UNSURE, None), "one batch does not tell how batches differ"
    apart = Sides(base=[20 * DAY], new=[21 * DAY], history=[(DAY * n, str(n)) for n in range(12)])
    assert compare_cells([sample], apart)[0].verdict == UNSURE, "the code may have changed between them"


def test_a_call_after_little_power_says_so() -> None:
    source, remarks, calls, held = random.Random(6), 0, 0, 0
    for _ in range(120):
        [told, *_] = verdicts(source, Experiment(noise="plain", cells=3, sessions=5), [1.07])
        if told.verdict == SLOWER:
            calls += 1
            remarks += "found with little power" in str(told.reason)
            held += (told.low or 0) <= 1.07 <= (told.high or 0)
    print(f"{calls} of 120 called, {remarks} with the remark, {held} intervals hold the truth")
    assert calls >= 10
    assert remarks >= 0.2 * calls, "most estimates are too large, and those just beyond the edge say so"
    assert held >= 0.9 * calls


def test_thousands_of_sessions_are_put_together() -> None:
    source = random.Random(9)
    base = [math.exp(source.gauss(0, 0.03)) for _ in range(1500)]
    found = one(base, [1.07 * value for value in base[::-1]])
    assert found.verdict == SLOWER
    assert found.spread == pytest.approx(0.03, rel=0.4)


def test_what_cannot_be_compared_says_why() -> None:
    nan = math.nan
    for base, new, reason in (
        ([nan], [1.0], "the base side has no number for it"),
        ([1.0], [nan], "the new side has no number for it"),
        ([1.0, 0.0], [1.0], "the base side has a time that is not above 0"),
        ([1.0], [math.inf], "the new side has a time that is not above 0"),
    ):
        refused = one(base, new)
        assert (refused.verdict, refused.reason) == (NOT_COMPARABLE, reason)


SIDE = st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=6)


@given(SIDE, SIDE, st.sampled_from([0.01, 0.05, 0.3]))
@settings(deadline=None)
def test_interval_and_verdict_never_contradict_each_other(
    base: list[float], new: list[float], threshold: float
) -> None:
    sides = in_turns(len(base), len(new))
    [found] = compare_cells([CellSamples(cell="cell", base=base, new=new)], sides, threshold=threshold)
    if found.low is None or found.high is None or found.ratio is None or found.p is None:
        assert found.verdict == UNSURE
        return
    excludes = found.low > 1 or found.high < 1
    beyond = abs(math.log(found.ratio)) > math.log1p(threshold)
    assert (found.verdict in (SLOWER, FASTER)) == (excludes and beyond)
    assert excludes == (found.p <= 0.05 + 1e-12)
    assert found.low <= found.ratio <= found.high
    if found.verdict == SAME:
        assert 1 / (1 + threshold) < found.low
        assert found.high < 1 + threshold


@given(SIDE, SIDE)
@settings(deadline=None)
def test_the_sides_can_be_swapped(base: list[float], new: list[float]) -> None:
    there, back = one(base, new), one(new, base)
    assert back.verdict == {SLOWER: FASTER, FASTER: SLOWER}.get(there.verdict, there.verdict)
    assert back.ratio == pytest.approx(1 / (there.ratio or 1))
    if there.low is not None:
        assert back.high == pytest.approx(1 / there.low)
