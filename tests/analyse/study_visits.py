"""Simulated study: would comparisons find more if replicates of more visits weighed more?

`python tests/analyse/study_visits.py` prints the table of docs/statistics.md in a minute. A replicate is the median of
2 or 8 visits; its variance is that between sessions, plus that between visits by their number. Weights are the inverse
of these true variances, which no comparison knows: what is printed is the most that weighing can bring. Both tests deal
out the same sessions, each with its number of visits, 6 a side, at the level of a first look.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from simulated import wilson

SESSIONS, LEVEL, CHANGE = 6, 0.01, math.log(1.1)
#: Every way to deal the sessions out, the true one first; of mirror images one is enough.
WAYS = sorted(itertools.combinations(range(1, 2 * SESSIONS), SESSIONS), key=lambda way: min(way) < SESSIONS)


@dataclass(frozen=True, slots=True)
class Case:
    """Standard deviations of logarithms, and which sessions had 2 visits and which 8."""

    title: str
    between_sessions: float
    between_visits: float
    #: The numbers of visits are of the sides (base 2, new 8), and not drawn for each session.
    by_side: bool = False


CASES = [
    Case("loop, threads, coroutines", 0.03, 0.015),
    Case("quiet pools of processes", 0.03, 0.06),
    Case("noisy pools of processes", 0.03, 0.13),
    Case("the same, sessions alike", 0.01, 0.13),
    Case("the same, base 2 visits and new 8", 0.01, 0.13, by_side=True),
]


def variance(case: Case, visits: int) -> float:
    """Of a replicate; the median of 8 normal numbers scatters as the mean of 5.95, that of 2 is their mean."""
    return case.between_sessions**2 + case.between_visits**2 / {2: 2.0, 8: 5.95}[visits]


def replicate(source: random.Random, case: Case, visits: int) -> float:
    """The logarithm of a session's number."""
    session = source.gauss(0, case.between_sessions)
    return session + statistics.median(source.gauss(0, case.between_visits) for _ in range(visits))


def judged(values: Sequence[float], weights: Sequence[float]) -> tuple[float, bool]:
    """The difference of the sides, and whether at most 1 % of the ways show as large a t; weights 1: as it is today.

    A sum over the new side is all that t needs (`parabench.analyse.max_t`), with weights in place of counts.
    """
    total = math.fsum(weights)
    mean = math.fsum(weight * value for weight, value in zip(weights, values, strict=True)) / total
    parts = [weight * (value - mean) for weight, value in zip(weights, values, strict=True)]
    shown = []
    for way in WAYS:
        new = sum([weights[n] for n in way])
        shown.append(sum([parts[n] for n in way]) * math.sqrt(total / (new * (total - new))))
    seen = abs(shown[0]) * (1 - 1e-12)
    new = math.fsum(weights[SESSIONS:])
    difference = shown[0] * math.sqrt(total / (new * (total - new)))
    return difference, sum(abs(one) >= seen for one in shown) <= LEVEL * len(shown)


def row(case: Case, trials: int) -> str:
    """Both tests on the same sessions: without a change, and with one of 10 %."""
    source = random.Random(case.title)
    differences: list[tuple[float, float]] = []
    alarms, found = [0, 0], [0, 0]
    for _ in range(trials):
        visits = [2] * SESSIONS + [8] * SESSIONS if case.by_side else [source.choice((2, 8)) for _ in range(12)]
        values = [replicate(source, case, number) for number in visits]
        changed = [value + CHANGE * (place >= SESSIONS) for place, value in enumerate(values)]
        ways_to_weigh = ([1.0] * len(visits), [1 / variance(case, number) for number in visits])
        unchanged = [judged(values, weights) for weights in ways_to_weigh]
        differences.append((unchanged[0][0], unchanged[1][0]))
        for place, weights in enumerate(ways_to_weigh):
            alarms[place] += unchanged[place][1]
            found[place] += judged(changed, weights)[1]
    equal, weighed = (statistics.pstdev(column) for column in zip(*differences, strict=True))
    shares = [f"{wilson(alarms[place], trials).strip()} | {wilson(found[place], trials).strip()}" for place in range(2)]
    noise = f"{case.between_sessions:.0%} | {case.between_visits:.1%}"
    return f"| {case.title} | {noise} | {shares[0]} | {shares[1]} | {(equal / weighed) ** 2:.2f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    print("| noise | sessions | visits | false alarms | found | weighed: false alarms | found | worth |")
    print("|---|---:|---:|---|---|---|---|---:|")
    for case in CASES:
        print(row(case, trials), flush=True)


if __name__ == "__main__":
    main()
