"""What the largest of many cells shows in each way to deal the sessions out, and what it shows without one of them."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

#: Figures that differ by less than this share differ by rounding only.
ROUNDING = 1e-9


class Rivals:
    """The largest square of any cell in each way to deal out."""

    def __init__(self, squares: Sequence[Sequence[float]], others: Rivals | None = None) -> None:
        """`squares` has a row for each cell with a number for each way; `others` are rivals besides."""
        rows = [*squares, *((others.largest, others.second) if others else ())]
        self.largest: list[float] = []
        self.second: list[float] = []
        self._led_by: list[list[int]] = [[] for _ in rows]
        for way, column in enumerate(zip(*rows, strict=True)):
            largest = max(column)
            leader = column.index(largest)
            self.largest.append(largest)
            self._led_by[leader].append(way)
            self.second.append(max(column[:leader] + column[leader + 1 :], default=0.0))
        self._sorted = sorted(self.largest)
        self._falling = sorted(range(len(self.largest)), key=self.largest.__getitem__, reverse=True)

    def share_beyond(self, square: float) -> float:
        """The share of ways in which any cell shows as much."""
        first = bisect.bisect_left(self._sorted, square * (1 - ROUNDING))
        return (len(self._sorted) - first) / len(self._sorted)

    def led_by(self, place: int) -> dict[int, float]:
        """The ways in which the cell in this place shows most, each with what the others show at most there."""
        return {way: self.second[way] for way in self._led_by[place]}

    def first_ways(self, number: int, asked: Sequence[bool], led: dict[int, float]) -> list[int]:
        """So many of the ways asked for in which others show most, the largest first; fewer if there are no more."""
        return list(itertools.islice((way for way in self._falling if asked[way] and way not in led), number))
