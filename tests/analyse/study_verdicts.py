"""Simulated study: does the error stay within 5 %, however few the sessions, many the cells and odd the noise?

`python tests/analyse/study_verdicts.py` prints the table of docs/statistics.md. It takes a quarter of an hour of CPU
time; `--processes 2` shares it out, `--trials 0.1` makes a tenth of the comparisons. In each comparison one cell
really is 10 % slower, and nothing else changed. "any false alarm": comparisons in which another cell is called changed;
"found": in which that one is called slower; "all hold": comparisons all of whose intervals hold the true ratio; "same":
the share of the unchanged cells that is called so. The last two are computed for a part of the comparisons, because the
ends of the intervals take longest.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from simulated import NOISES, Experiment, verdicts, wilson

from parabench.analyse import verdict
from parabench.analyse.max_t import _Cell
from parabench.analyse.verdict import FASTER, SAME, SLOWER, CellVerdict

CELLS = (15, 100, 250)
#: Comparisons of a row by the number of cells, and how many of them have intervals: with none, 2 and 4 false alarms in
#: 200 the upper end is at 1.9, 3.6 and 5.0 %.
TRIALS = {15: (400, 100), 100: (200, 50), 250: (200, 20)}
#: Rows that rest on a history are cheap, and nearer to 5 %.
TRIALS_ON_HISTORY = (1000, 100)
#: Rows that are always unsure need no more.
TRIALS_UNSURE = (40, 40)
IN_TURNS = [
    Experiment(noise=noise, cells=0, sessions=n)
    for noise in ("plain", "common", "heavy", "days")
    for n in (3, 4, 5, 8, 12)
]
ONE_AFTER_THE_OTHER = [
    *(Experiment(noise="days", cells=0, sessions=n, apart=True) for n in (3, 8)),
    *(
        Experiment(noise=noise, cells=0, sessions=n, apart=True, history=12)
        for noise in ("days", "heavy")
        for n in (1, 4)
    ),
]


@dataclass(slots=True)
class Tally:
    """What came of the comparisons of one row."""

    comparisons: int = 0
    alarms: int = 0
    found: int = 0
    intervals: int = 0
    covered: int = 0
    all_covered: int = 0
    with_intervals: int = 0
    unchanged: int = 0
    same: int = 0

    def add(self, told: list[CellVerdict], truth: float) -> None:
        """Count one comparison whose first cell changed by `truth`."""
        self.comparisons += 1
        self.alarms += any(one.verdict in (FASTER, SLOWER) for one in told[1:])
        self.found += told[0].verdict == SLOWER
        self.unchanged += len(told) - 1
        self.same += sum(one.verdict == SAME for one in told[1:])
        held = [
            one.low <= (1.0 if place else truth) <= one.high
            for place, one in enumerate(told)
            if one.low is not None and one.high is not None
        ]
        self.intervals += len(held)
        self.covered += sum(held)
        if held:
            self.with_intervals += 1
            self.all_covered += all(held)


def tally(source: random.Random, what: Experiment, comparisons: int, truth: float = 1.1) -> Tally:
    """Simulate one row."""
    found = Tally()
    for _ in range(comparisons):
        found.add(verdicts(source, what, [truth]), truth)
    return found


@contextmanager
def _verdicts_alone() -> Iterator[None]:
    """Neither the ends of intervals nor promises: whether a cell is called changed is the same, and found out sooner.

    The test puts such ends right.
    """
    ends, promise = _Cell._interval, verdict._promise
    _Cell._interval = lambda *_, **__: (-1e3, 1e3)  # type: ignore[method-assign]
    verdict._promise = lambda *_: None
    try:
        yield
    finally:
        _Cell._interval, verdict._promise = ends, promise  # type: ignore[method-assign]


def is_always_unsure(what: Experiment) -> bool:
    """Whether no verdict but unsure can be given, by the rules of docs/statistics.md."""
    return (what.sessions < 5 and not what.apart) or (what.apart and not what.history)


def row(what: Experiment, seed: int, share: float) -> tuple[Tally, Tally]:
    """All comparisons of a row, and those of them that have intervals; the same ones for the same seed."""
    trials, with_intervals = TRIALS_ON_HISTORY if what.history else TRIALS.get(what.cells, TRIALS[250])
    if is_always_unsure(what):
        trials, with_intervals = TRIALS_UNSURE
    source = random.Random(f"{seed}{what}")
    full = tally(source, what, max(1, round(share * with_intervals)))
    rest = Tally()
    with _verdicts_alone():
        rest = tally(source, what, max(0, round(share * trials) - full.comparisons))
    every = dataclasses.replace(
        full,
        comparisons=full.comparisons + rest.comparisons,
        alarms=full.alarms + rest.alarms,
        found=full.found + rest.found,
    )
    return every, full


def line(what: Experiment, found: Sequence[tuple[Tally, Tally]]) -> str:
    """A row of the table, with a figure for each number of cells."""
    noise = what.noise + (f", {what.history} days before" if what.history else "")
    if not any(full.intervals for _, full in found):
        figures = ["always unsure" if not any(every.alarms + every.found for every, _ in found) else "?", "-", "-", "-"]
    else:
        figures = [
            " / ".join(wilson(every.alarms, every.comparisons).strip().replace(" %", "") for every, _ in found) + " %",
            " / ".join(f"{100 * every.found / every.comparisons:.0f}" for every, _ in found) + " %",
            " / ".join(f"{100 * full.all_covered / max(1, full.with_intervals):.0f}" for _, full in found) + " %",
            " / ".join(f"{100 * full.same / max(1, full.unchanged):.0f}" for _, full in found) + " %",
        ]
    return f"| {noise} | {what.sessions} | {' | '.join(figures)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cells", type=int, nargs="*", default=CELLS)
    parser.add_argument("--noise", nargs="*", default=list(NOISES), choices=NOISES)
    parser.add_argument("--sessions", type=int, nargs="*", help="Only rows with so many a side.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=float, default=1.0, help="As a share of the usual number.")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.processes) as pool:
        for title, every in (("in turns", IN_TURNS), ("one after the other", ONE_AFTER_THE_OTHER)):
            rows = [
                one for one in every if one.noise in given.noise and one.sessions in (given.sessions or [one.sessions])
            ]
            asked = [dataclasses.replace(what, cells=cells) for what in rows for cells in given.cells]
            results = pool.map(partial(row, seed=given.seed, share=given.trials), asked)
            numbers = " / ".join(map(str, given.cells))
            print(f"\n| {title} | a side | any false alarm, {numbers} cells | found | all hold | same |")
            print("|---|---:|---|---|---|---|")
            for what in rows:
                print(line(what, [next(results) for _ in given.cells]), flush=True)


if __name__ == "__main__":
    main()
