"""Simulated study: are the promises kept, and what does it cost to follow them?

`python tests/analyse/study_promises.py` takes some minutes. "kept": of the cells that were unsure and for which N
sessions a side were promised to decide, those that were decided as promised after sessions up to N were added, the
truth being what the promise is about. "follows N": comparisons of unchanged cells in which any was called changed at
the first look or at the N told for the first unsure cell; "peeking": at any look, one after every session from 4 to 16.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
import random
import time

from simulated import Experiment, simulate, verdicts, wilson

from parabench.analyse.estimate import Sides
from parabench.analyse.looks import level_of
from parabench.analyse.verdict import FASTER, SLOWER, UNSURE, CellSamples, CellVerdict, compare_cells

#: No experiment is made longer than this.
SESSIONS_MOST = 100


def first(samples: list[CellSamples], sides: Sides, sessions: int) -> list[CellVerdict]:
    """What was said after so many sessions a side."""
    return compare_cells(
        [dataclasses.replace(one, base=one.base[:sessions], new=one.new[:sessions]) for one in samples],
        Sides(base=sides.base[:sessions], new=sides.new[:sessions]),
    )


def kept(source: random.Random, what: Experiment, truth: float) -> tuple[bool, int] | None:
    """Whether the promise for the first cell, whose true ratio is `truth`, was kept, and its N; None without one."""
    samples, sides = simulate(source, dataclasses.replace(what, sessions=SESSIONS_MOST), [truth])
    told = first(samples, sides, what.sessions)[0]
    promise = told.promise
    if promise is None or abs(promise.if_ratio - truth) > 1e-9 or promise.sessions > SESSIONS_MOST:
        return None
    return first(samples, sides, promise.sessions)[0].verdict == promise.verdict, promise.sessions


def is_alarm(told: list[CellVerdict]) -> bool:
    """Whether an unchanged cell is called changed."""
    return any(one.verdict in (FASTER, SLOWER) for one in told)


def followed(source: random.Random, what: Experiment) -> bool:
    """Whether who follows the tool's N once sees a false alarm."""
    samples, sides = simulate(source, dataclasses.replace(what, sessions=SESSIONS_MOST))
    told = first(samples, sides, what.sessions)
    needed = next((one.sessions_needed for one in told if one.verdict == UNSURE and one.sessions_needed), None)
    return is_alarm(told) or (needed is not None and is_alarm(first(samples, sides, min(needed, SESSIONS_MOST))))


def peeked(source: random.Random, what: Experiment) -> bool:
    """Whether who looks after every session sees a false alarm."""
    samples, sides = simulate(source, dataclasses.replace(what, sessions=16))
    return any(is_alarm(first(samples, sides, sessions)) for sessions in range(4, 17))


def ever_called(source: random.Random, sessions: int) -> bool:
    """Whether an unchanged normal cell of known spread is called at any look from 5 to so many sessions a side."""
    total = math.fsum(source.gauss(0, 1) for _ in range(4))
    for n in range(5, sessions + 1):
        total += source.gauss(0, 1)
        if math.erfc(abs(total) / math.sqrt(2 * n)) <= level_of(n):
            return True
    return False


def called_slower(source: random.Random, what: Experiment, truth: float) -> tuple[bool, bool]:
    """Whether a cell that changed by little is called slower, and whether its interval holds the truth."""
    told = verdicts(source, what, [truth])[0]
    return told.verdict == SLOWER, (told.low or 0) <= truth <= (told.high or 0)


def print_promises(seconds: float, seed: int) -> None:
    """How many are kept."""
    print(f"{'noise':8} {'cells':>5} {'a side':>6} {'truth':>6} {'kept':>24} {'median N':>8}")
    rows = itertools.product(("plain", "common", "heavy"), (1, 15), (5, 8, 12), (1.0, 1.05**2))
    for noise, cells, sessions, truth in rows:
        source, seen, began = random.Random(f"{seed}{noise}{cells}{sessions}"), [], time.process_time()
        while time.process_time() - began < seconds:
            one = kept(source, Experiment(noise=noise, cells=cells, sessions=sessions), truth)
            seen += [one] if one else []
        middle = sorted(n for _, n in seen)[len(seen) // 2] if seen else 0
        share = wilson(sum(hit for hit, _ in seen), len(seen))
        print(f"{noise:8} {cells:5} {sessions:6} {truth:6.3f} {share:>24} {middle:8}", flush=True)


def print_looks(seconds: float, seed: int) -> None:
    """What looking again costs."""
    for name, look in (("follows N", followed), ("peeking", peeked)):
        for cells in (1, 15):
            source, alarms, looks, began = random.Random(seed), 0, 0, time.process_time()
            while time.process_time() - began < seconds * 2:
                alarms += look(source, Experiment(noise="plain", cells=cells, sessions=8))
                looks += 1
            print(f"{name}, {cells} cells: {wilson(alarms, looks)} of {looks}", flush=True)
    source, walks = random.Random(seed), 20_000
    for sessions in (16, 64):
        ever = sum(ever_called(source, sessions) for _ in range(walks))
        print(
            f"one normal cell, every look from 5 to {sessions} sessions: {wilson(ever, walks)} of {walks}", flush=True
        )


def print_small_changes(seconds: float, seed: int) -> None:
    """What is called of changes by just the threshold."""
    source = random.Random(seed)
    for sessions in (5, 8, 12):
        seen, began = [], time.process_time()
        while time.process_time() - began < seconds:
            seen.append(called_slower(source, Experiment(noise="plain", cells=15, sessions=sessions), 1.05))
        held = [holds for is_called, holds in seen if is_called]
        print(
            f"truly 5 % slower, {sessions} a side: called in {wilson(len(held), len(seen))}, "
            f"and then the interval holds it in {wilson(sum(held), len(held))}",
            flush=True,
        )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0, help="For each figure.")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for part in (print_promises, print_looks, print_small_changes):
        part(given.seconds, given.seed)


if __name__ == "__main__":
    main()
