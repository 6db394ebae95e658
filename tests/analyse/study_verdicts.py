"""Simulated study: does the error stay within 5 %, however few the sessions, many the cells and odd the noise?

`python tests/analyse/study_verdicts.py` takes half an hour; `--cells 15` makes one of its three tables. In each
comparison one cell really is 10 % slower, and nothing else changed. "any false alarm": comparisons in which another
cell is called changed; "found": in which that one is called slower; "cell covered" and "all covered": intervals that
hold the true ratio, one by one and all of a comparison at once; "same": of the unchanged cells.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import time
from dataclasses import dataclass

from simulated import Experiment, verdicts, wilson

from parabench.analyse.max_t import _Cell
from parabench.analyse.verdict import FASTER, SAME, SLOWER, CellVerdict

ROWS = [
    *(
        Experiment(noise=noise, cells=0, sessions=n)
        for noise in ("plain", "common", "heavy", "days")
        for n in (3, 4, 5, 8, 12)
    ),
    *(Experiment(noise="days", cells=0, sessions=n, apart=True) for n in (3, 5, 8)),
    *(Experiment(noise="days", cells=0, sessions=n, apart=True, history=12) for n in (1, 4, 8)),
    *(Experiment(noise="heavy", cells=0, sessions=n, apart=True, history=12) for n in (1, 4, 8)),
    Experiment(noise="common", cells=0, sessions=5, history=4),
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


def name_of(what: Experiment) -> str:
    """A row's noise and order in words."""
    order = "one after the other" if what.apart else "in turns"
    return f"{what.noise}, {order}" + (f", {what.history} batches before" if what.history else "")


def told(found: Tally) -> list[str]:
    """The figures of a row."""
    others = found.unchanged or 1
    return [
        str(found.comparisons),
        wilson(found.alarms, found.comparisons),
        wilson(found.found, found.comparisons),
        f"{100 * found.covered / found.intervals:.1f} %" if found.intervals else "-",
        wilson(found.all_covered, found.with_intervals),
        f"{100 * found.same / others:.0f} %",
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cells", type=int, nargs="*", default=[15, 100, 250])
    parser.add_argument("--seconds", type=float, default=6.0, help="For each row; more make the intervals narrower.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=40, help="At least so many for each row.")
    parser.add_argument("--fast", action="store_true", help="Without intervals, whose columns then mean nothing.")
    given = parser.parse_args()
    if given.fast:
        _Cell._interval = lambda *_, **__: (-1e3, 1e3)  # type: ignore[method-assign]  # ends that tests put right
    for cells in given.cells:
        print(f"{cells} cells, one of them 10 % slower (seed {given.seed})")
        columns = ["trials", "any false alarm", "found", "cell covered", "all covered", "same"]
        print(f"{'noise and order':42} {'a side':>6}" + "".join(f"{name:>22}" for name in columns))
        for row in ROWS:
            what = dataclasses.replace(row, cells=cells)
            source, found, began = random.Random(f"{given.seed}{what}"), Tally(), time.process_time()
            while found.comparisons < 2000 and (
                found.comparisons < given.trials or time.process_time() - began < given.seconds
            ):
                found.add(verdicts(source, what, [1.1]), 1.1)
            print(f"{name_of(what):42} {what.sessions:6}" + "".join(f"{text:>22}" for text in told(found)), flush=True)
        print()


if __name__ == "__main__":
    main()
