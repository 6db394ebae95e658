"""Promises are kept, or not made; the long form is study_promises.py."""

from __future__ import annotations

import random

import pytest
from simulated import Experiment, verdicts
from study_promises import followed, kept, peeked

from parabench.analyse.looks import ALPHA, level_of
from parabench.analyse.promise import DEGREES_LEAST, Known, sessions_promised, t_of
from parabench.analyse.student import t_quantile
from parabench.analyse.verdict import SAME, SLOWER, UNSURE


def known(**more: float) -> Known:
    fields = {"sessions": 0.0, "difference": 0.0, "spread": 0.03, "degrees": 30.0, "cells": 15}
    return Known(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("sessions", [5, 8])
def test_unchanged_cells_are_found_the_same_with_the_sessions_told(sessions: int) -> None:
    source, seen = random.Random(f"plain{sessions}"), []
    while len(seen) < 150:
        one = kept(source, Experiment(noise="plain", cells=1, sessions=sessions), 1.0)
        seen += [one] if one else []
    hits = sum(hit for hit, _ in seen)
    print(f"{sessions} a side: {hits} of {len(seen)} promises kept, N {min(n for _, n in seen)} and more")
    assert 0.85 * len(seen) <= hits <= 0.98 * len(seen)
    assert all(n > sessions for _, n in seen), "never what has run already"


def test_following_the_number_and_peeking_cost_no_false_alarms() -> None:
    source, runs = random.Random(3), 30
    what = Experiment(noise="plain", cells=3, sessions=6)
    alarms = sum(followed(source, what) for _ in range(runs)), sum(peeked(source, what) for _ in range(runs))
    print(f"of {runs}: {alarms[0]} when following, {alarms[1]} when peeking from 4 to 16")
    assert max(alarms) <= 5, "5 % are 1.5; more than 5 have a probability below 1 %"


def test_more_noise_and_more_cells_need_more_sessions() -> None:
    def needed(**more: float) -> int:
        return sessions_promised(known(**more), 0.0, least=2, threshold=0.05) or 10**6

    by_spread = [needed(spread=spread) for spread in (0.005, 0.01, 0.03, 0.1)]
    assert by_spread == sorted(by_spread)
    assert by_spread[0] == 5, "fewer than five a side prove nothing"
    assert needed(cells=1) < needed(cells=15) < needed(cells=250)
    assert needed(spread=5.0) == 10**6


def test_an_unknown_spread_promises_nothing() -> None:
    assert sessions_promised(known(degrees=DEGREES_LEAST - 1), 0.0, least=2, threshold=0.05) is None
    assert sessions_promised(known(spread=0.0), 0.0, least=2, threshold=0.05) is None
    [alone] = verdicts(random.Random(1), Experiment(noise="plain", cells=1, sessions=1))
    assert (alone.verdict, alone.promise, alone.sessions_needed) == (UNSURE, None, None)


def test_heavy_tails_promise_nothing() -> None:
    told = verdicts(random.Random(2), Experiment(noise="heavy", cells=40, sessions=8))
    unsure = [one for one in told if one.verdict == UNSURE]
    assert unsure
    assert {one.promise for one in unsure} == {None}
    assert any("single sessions are far off" in str(one.reason) for one in unsure)


def test_a_promise_says_what_it_is_about() -> None:
    told = verdicts(random.Random(3), Experiment(noise="plain", cells=4, sessions=5), [1.08])
    promises = [one.promise for one in told if one.promise]
    assert {promise.verdict for promise in promises} <= {SAME, SLOWER}
    assert all(promise.if_ratio == (1.0 if promise.verdict == SAME else pytest.approx(1.05**2)) for promise in promises)
    assert all(one.sessions_needed == (one.promise.sessions if one.promise else None) for one in told)


def test_deviates_become_t() -> None:
    for degrees in (3, 8, 30):
        assert t_of(1.959964, degrees) == pytest.approx(t_quantile(0.95, degrees), rel=0.02)
    assert t_of(3.0, 1000) == pytest.approx(3.0, rel=0.01)


def test_levels_fall_as_sessions_grow() -> None:
    assert [level_of(n) for n in (1, 5, 15)] == pytest.approx([ALPHA / 5] * 3)
    assert [level_of(n) / ALPHA for n in (16, 31, 32, 63, 64, 5000)] == pytest.approx(
        [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    )
