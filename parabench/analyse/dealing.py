"""All the ways in which sessions could have been dealt out to two sides, or a sample of them.

If nothing changed, every way was as likely as the one that happened. Whole sessions are dealt out: all cells of a
session move together, so that whatever they have in common stays with them.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Up to so many ways all of them are tried.
EXACT_UP_TO = 2000
#: Beyond, so many are drawn at random; the one that happened comes on top (Phipson and Smyth, "Permutation p-values
#: should never be zero", Statistical Applications in Genetics and Molecular Biology 9(1), 2010).
DRAWN = 1999
_SEED = 20
#: Sums of all subsets of so many units are kept in one table.
_UNITS_A_TABLE = 8

_Gather = Callable[[Sequence[float]], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Dealings:
    """Ways to choose the new side among units of which the first `base` are the base side; the first way is true."""

    base: int
    new: int
    ways: int
    #: Whether these are all there are. With sides of equal size one of each pair of mirror images is enough.
    exact: bool
    #: For each table of partial sums, what picks the entries of all ways from it.
    gathers: tuple[_Gather, ...]

    def sums(self, values: Sequence[float]) -> list[float]:
        """The sum of the values on the new side, way by way; `values` has one for each unit, the base side first.

        Subsets of eight units at a time are summed once, and picked and added for all ways without a loop in Python.
        """
        parts = []
        for place, gather in enumerate(self.gathers):
            table = [0.0]
            for value in values[place * _UNITS_A_TABLE : (place + 1) * _UNITS_A_TABLE]:
                table += [value + entry for entry in table]
            parts.append(gather(table))
        return list(functools.reduce(lambda left, right: map(operator.add, left, right), parts))  # type: ignore[arg-type,return-value]


def floor_of(base: int, new: int) -> float:
    """The smallest p that any test can give that deals out so many sessions a side."""
    if min(base, new) == 0:
        return 1.0
    ways, exact = _count(base, new)
    return 1 / (ways if exact else DRAWN + 1)


@functools.lru_cache(maxsize=16)
def dealings(base: int, new: int) -> Dealings:
    """The ways to deal out so many units, one or more a side; the same ones every time they are asked for."""
    units = [1 << unit for unit in range(base + new)]  # a way is the sum of those on the new side
    _, exact = _count(base, new)
    ways = [sum(units[base:])]
    if exact:
        # Among mirror images the one is taken in which the first unit is on the base side, as it really is.
        candidates = itertools.combinations(units[1:] if _is_mirrored(base, new) else units, new)
        ways += [way for way in map(sum, candidates) if way != ways[0]]
    else:
        source = random.Random(_SEED)
        ways += [sum(source.sample(units, new)) for _ in range(DRAWN)]
    gathers = []
    for first in range(0, base + new, _UNITS_A_TABLE):
        part = [(code >> first) & ((1 << _UNITS_A_TABLE) - 1) for code in ways]
        gathers.append(operator.itemgetter(*part))
    return Dealings(base, new, len(ways), exact, tuple(gathers))


def _is_mirrored(base: int, new: int) -> bool:
    return base == new > 1


def _count(base: int, new: int) -> tuple[int, bool]:
    ways = math.comb(base + new, new) // (2 if _is_mirrored(base, new) else 1)
    return ways, ways <= EXACT_UP_TO
