"""A speed-up's interval is about the machine when stored sessions tell how much sessions differ."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from parabench.analyse.between_sessions import Between, about_the_machine, between_sessions
from parabench.analyse.ranking import Ratio, paired_ratio

MODELS, PASSES = 12, 5
SESSION_BY_CELL, PASS = 0.03, 0.01


def pair(source: random.Random, speedup: float) -> Ratio:
    """A session's speed-up over five passes."""
    alone = [math.exp(source.gauss(0, PASS)) for _ in range(PASSES)]
    return paired_ratio(alone, [math.exp(source.gauss(0, PASS)) / speedup for _ in range(PASSES)], 0.95)


def in_a_row(source: random.Random, truth: list[float], sessions: int, memory: float) -> list[list[Ratio]]:
    """The speed-ups of each session; sessions move every speed-up by 3 %, and each remembers a share of the last."""
    moved = [source.gauss(0, SESSION_BY_CELL) for _ in truth]
    found = []
    for _ in range(sessions):
        fresh = math.sqrt(1 - memory**2) * SESSION_BY_CELL
        moved = [memory * effect + source.gauss(0, fresh) for effect in moved]
        found.append([pair(source, speed * math.exp(effect)) for speed, effect in zip(truth, moved, strict=True)])
    return found


@dataclass
class Held:
    """Shares of intervals that hold the truth and mean half-widths, about the machine and of the session alone."""

    machine: float = 0.0
    alone: float = 0.0
    half_width: float = 0.0
    half_width_alone: float = 0.0


def simulated(sessions: int, memory: float) -> Held:
    source, runs = random.Random(sessions), 60
    held = Held()
    for _ in range(runs):
        truth = [1.0 if model % 2 else 2.0 for model in range(MODELS)]
        *earlier, newest = in_a_row(source, truth, sessions + 1, memory)
        logs = {str(model): [math.log(ratios[model].ratio) for ratios in earlier] for model in range(MODELS)}
        known = between_sessions(logs, lambda _: "all")
        for model, ratio in enumerate(newest):
            machine = about_the_machine(ratio, known[str(model)], 0.95)
            assert None not in (ratio.low, ratio.high, machine.low, machine.high)
            share = 1 / runs / MODELS
            held.alone += share * (ratio.low <= truth[model] <= ratio.high)
            held.machine += share * (machine.low <= truth[model] <= machine.high)
            held.half_width += share * math.log(machine.high / machine.low) / 2
            held.half_width_alone += share * math.log(ratio.high / ratio.low) / 2
    print(f"{sessions} stored sessions, memory {memory}: {held}")
    return held


@pytest.mark.parametrize("sessions", [2, 5, 20])
def test_intervals_are_about_the_machine(sessions: int) -> None:
    held = simulated(sessions, memory=0.0)
    assert held.alone < 0.7, "what this is for"
    assert 0.92 <= held.machine <= 0.985, "95 % have a standard error of 0.8 %"


def test_more_sessions_tell_more() -> None:
    widths = [simulated(sessions, memory=0.0).half_width for sessions in (3, 5, 20)]
    assert widths[0] > 1.5 * widths[1] > 2.5 * widths[2]


@pytest.mark.parametrize(("sessions", "least"), [(5, 0.8), (10, 0.86), (20, 0.9)])
def test_sessions_that_resemble_the_last_are_worth_less(sessions: int, least: float) -> None:
    """Correlation 0.5 from one to the next: the first few sessions hardly show it."""
    assert least <= simulated(sessions, memory=0.5).machine


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


def test_all_sessions_are_one_estimate() -> None:
    one = Ratio(ratio=2.0, low=1.9, high=2.1, pairs=5)
    of_five = about_the_machine(one, Between(0.03**2, 100, mean=math.log(1.6), sessions=4, memory=0.0), 0.95)
    assert of_five.ratio == pytest.approx(2**0.2 * 1.6**0.8)
    assert of_five.low is not None
    assert of_five.high is not None
    assert math.log(of_five.high / of_five.low) == pytest.approx(2 * 1.984 * 0.03 / math.sqrt(5), rel=1e-3)


def test_sessions_that_agree_by_chance_do_not_hide_what_passes_scatter_by() -> None:
    wide = Ratio(ratio=2.0, low=1.0, high=4.0, pairs=3)
    assert about_the_machine(wide, Between(1e-9, 100), 0.95) == wide
    of_five = about_the_machine(wide, Between(1e-9, 100, mean=math.log(2), sessions=4, memory=0.0), 0.95)
    assert of_five.high == pytest.approx(2 * 2 ** (1 / math.sqrt(5)))


def test_one_pass_has_the_interval_of_sessions() -> None:
    single = about_the_machine(Ratio(ratio=2.0, low=None, high=None, pairs=1), Between(0.0009, 100), 0.95)
    assert single.low == pytest.approx(2 * math.exp(-1.984 * 0.03), rel=1e-3)
    nothing = about_the_machine(Ratio(ratio=math.nan, low=None, high=None, pairs=0), Between(0.01, 9), 0.95)
    assert nothing.low is None
