"""What can this machine see, and does it stay the same while it is looked at? Sessions of unchanged code tell.

Random splits of such sessions cannot show what is wrong with a machine: a test that deals sessions out at random is
right about sessions that were dealt out at random, on any machine. Splits in the order of time can.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.analyse.dealing import floor_of
from parabench.analyse.in_turns import joint_test
from parabench.analyse.looks import ALPHA, level_of
from parabench.analyse.max_t import Tested
from parabench.analyse.promise import PROBABILITY
from parabench.analyse.spread import variance
from parabench.analyse.verdict import THRESHOLD

#: Random ways to deal the sessions out.
SPLITS = 40
#: Sessions a side that the detectable change is told for, if there are as many.
SESSIONS_A_SIDE = 8
#: Sessions that one side has in a row before it is the other's turn; besides these, the halves.
BLOCKS = (1, 2, 4)
HALVES = "first half, second half"
#: Random orders that the order of the sessions is compared with.
ORDERS = 999
#: A machine that does not drift is said to drift this often.
DRIFT_LEVEL = 0.01

#: For each cell the logarithms of its replicates.
_Logs = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCalibration:
    """What is seen of one kind of work."""

    cells: int
    #: Standard deviation of the logarithm of a replicate, root mean square over the cells.
    spread: float
    #: Smallest slow-down called in 90 % of cases with `sessions_a_side` sessions a side, in turns; 0.1 is 10 %.
    detectable: float | None
    #: Share of cells called changed, over all random splits; nothing had changed.
    false_alarms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether the numbers depend on when they were measured."""

    #: Second half of the sessions / first half, the median over the cells.
    halves: float
    #: Standard deviation of what changes slowly, by which sessions differ more than neighbours do; 0.03 is 3 %.
    slow: float
    #: How often sessions in random order would differ as much between the halves, or so little between neighbours.
    p: float
    #: Whether p is at most DRIFT_LEVEL.
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """An A/A experiment."""

    sessions: int
    cells: int
    threshold: float
    splits: int
    sessions_a_side: int
    #: Share of the random splits with any false alarm.
    any_false_alarm: float
    #: Cells called changed when the sides are: the halves, or blocks of so many sessions in turns.
    called: Mapping[str, tuple[str, ...]]
    drift: Drift
    kinds: Mapping[str, KindCalibration]


def calibrate(
    replicates: Mapping[str, Sequence[float]],
    kinds: Mapping[str, str],
    *,
    seed: int = 0,
    threshold: float = THRESHOLD,
    alpha: float = ALPHA,
) -> Calibration:
    """Judge an A/A experiment: for each cell its replicates in the order of the sessions, equally many of each, > 0.

    Needs four sessions.
    """
    source, names, within = random.Random(seed), list(replicates), math.log1p(threshold)
    sessions = min(map(len, replicates.values()), default=0)
    logs = [[math.log(value) for value in values[:sessions]] for values in replicates.values()]
    a_side = min(SESSIONS_A_SIDE, sessions // 2)
    random_splits = [_tested(logs, *_random_split(source, sessions, a_side), alpha) for _ in range(SPLITS)]
    in_order = {name: _tested(logs, *sides, alpha) for name, sides in _splits_in_order(sessions).items()}
    by_kind: dict[str, list[int]] = {}
    for place, cell in enumerate(names):
        by_kind.setdefault(kinds[cell], []).append(place)
    return Calibration(
        sessions=sessions,
        cells=len(names),
        threshold=threshold,
        splits=SPLITS,
        sessions_a_side=a_side,
        any_false_alarm=sum(any(_is_called(test, within) for test in split) for split in random_splits) / SPLITS,
        called={order: _called(names, tests, within) for order, tests in in_order.items()},
        drift=_drift(logs, in_order[HALVES], source),
        kinds={
            kind: _kind(
                [logs[place] for place in places],
                [split[place] for split in random_splits for place in places],
                within,
                is_possible=floor_of(a_side, a_side) <= level_of(a_side, alpha),
            )
            for kind, places in sorted(by_kind.items())
        },
    )


def _random_split(source: random.Random, sessions: int, a_side: int) -> tuple[list[int], list[int]]:
    """Two sides of so many sessions each."""
    chosen = source.sample(range(sessions), 2 * a_side)
    return chosen[:a_side], chosen[a_side:]


def _called(names: Sequence[str], tests: Sequence[Tested], within: float) -> tuple[str, ...]:
    return tuple(cell for cell, test in zip(names, tests, strict=True) if _is_called(test, within))


def _splits_in_order(sessions: int) -> dict[str, tuple[list[int], list[int]]]:
    """Sessions of the two sides, by a name for how these took turns."""
    half = sessions // 2
    splits = {HALVES: (list(range(half)), list(range(half, sessions)))}
    for block in BLOCKS:
        if 4 * block <= sessions:
            sides: tuple[list[int], list[int]] = ([], [])
            for session in range(sessions):
                sides[session // block % 2].append(session)
            splits[f"turns of {block}"] = sides
    return splits


def _tested(logs: _Logs, base: Sequence[int], new: Sequence[int], alpha: float) -> list[Tested]:
    level = level_of(min(len(base), len(new)), alpha)
    return joint_test([[values[n] for n in (*base, *new)] for values in logs], len(base), level)


def _is_called(test: Tested, within: float) -> bool:
    return test.rejected and abs(test.difference) > within


def _kind(logs: _Logs, tests: Sequence[Tested], within: float, *, is_possible: bool) -> KindCalibration:
    """One kind of work from its cells, and from what all random splits say of them.

    A true slow-down by d moves a difference and its interval by d. So each split of unchanged sessions tells from which
    d on it would have been called, and nine of ten are at or below what is told.
    """
    called_from = sorted(max(-test.low, within - test.difference) for test in tests)
    detectable = called_from[min(len(tests) - 1, math.ceil(PROBABILITY * (len(tests) + 1)) - 1)]
    return KindCalibration(
        cells=len(logs),
        spread=math.sqrt(statistics.fmean(variance(values) for values in logs)),
        detectable=math.expm1(detectable) if is_possible else None,
        false_alarms=sum(_is_called(test, within) for test in tests) / len(tests),
    )


def _drift(logs: _Logs, halves: Sequence[Tested], source: random.Random) -> Drift:
    """Compare halves, and neighbours, with what they would be in random order; the better of two tests is doubled."""
    slow = []
    for values in logs:
        neighbours = [(after - before) ** 2 for before, after in itertools.pairwise(values)]
        slow.append(max(0.0, variance(values) - statistics.fmean(neighbours) / 2))
    p = min(1.0, 2 * min(*(half.p for half in halves), _p_of_neighbours(logs, source)))
    return Drift(
        halves=math.exp(statistics.median(half.difference for half in halves)),
        slow=math.sqrt(statistics.fmean(slow)),
        p=p,
        is_found=p <= DRIFT_LEVEL,
    )


def _p_of_neighbours(logs: _Logs, source: random.Random) -> float:
    """How often neighbours would be so alike in random order: the mean over cells of von Neumann's ratio.

    Von Neumann, Annals of Mathematical Statistics 12(4), 1941; its permutation test is exact, whatever the cells have
    in common, since whole sessions change places (Wald and Wolfowitz, ibid. 14(4), 1943).
    """
    sessions = range(len(logs[0]))
    usable = [(values, variance(values)) for values in logs if variance(values) > 0]
    apart = [
        [math.fsum([(values[i] - values[j]) ** 2 / scale for values, scale in usable]) for j in sessions]
        for i in sessions
    ]

    def statistic(order: Sequence[int]) -> float:
        return sum(apart[before][after] for before, after in itertools.pairwise(order))

    seen = statistic(sessions) * (1 + 1e-9)
    alike = sum(statistic(source.sample(sessions, len(sessions))) <= seen for _ in range(ORDERS))
    return (1 + alike) / (1 + ORDERS)
