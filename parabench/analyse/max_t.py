"""Which of many cells differ between two sides? Westfall and Young's max-T, and the intervals that go with it.

Every way to deal the sessions out gives each cell a t; what one cell shows is judged by the largest t that any cell
shows in each of these ways (Westfall and Young, "Resampling-based multiple testing", 1993, algorithm 2.8 and section
4.1). So the dependence between the cells of a session is used and not paid for, and the smallest p that few sessions
can give is not multiplied by the number of cells. No distribution is assumed, only that sessions can be exchanged.

The statistic is the moderated t (`parabench.analyse.moderated`): `extra` is what else is known of a cell's spread. It
is the same for all ways, so it steers what is found and never how often nothing is called something. With S the sum of
squares about the common mean and Q the part of it between the sides, t grows with Q / (S + extra), and S is the same
for all ways: a sum over the new side is all that has to be computed.
"""

from __future__ import annotations

import array
import bisect
import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from parabench.analyse.dealing import Dealings, dealings

#: Figures that differ by less than this share differ by rounding only.
_ROUNDING = 1e-9
#: exp of more is hardly a number any more.
_MOST = 600.0


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: a logarithm for each unit (NaN: it was not measured there), the units of the base side first."""

    values: Sequence[float]
    #: A sum of squares that is known besides, and what it is worth in degrees of freedom.
    extra: float = 0.0
    degrees_extra: float = 0.0


@dataclass(frozen=True, slots=True)
class Tested:
    """What the test says of one cell; differences are new - base, of logarithms."""

    difference: float
    #: Ends of the interval: the differences that the same test does not reject. Infinite: too few ways to deal out.
    low: float
    high: float
    #: Adjusted for all cells.
    p: float
    #: Whether p is at most the level asked for, and 0 is outside of the interval: these are the same.
    rejected: bool
    #: Standard deviation of one unit, from both sides and `extra`.
    spread: float
    degrees: float


def max_t(rows: Sequence[Row], base: int, level: float) -> list[Tested]:
    """Test all cells at a level that holds for all of them together; the first `base` units of each are one side.

    Step-down: what is rejected does not compete with the rest any more. A unit without a number for a cell is dealt
    out like the others and left out of that cell's means, which is right as long as numbers are missing for reasons
    that have nothing to do with the side. Each cell needs a number on both sides, and two numbers or an `extra`.
    """
    if not rows:
        return []
    dealt = dealings(base, len(rows[0].values) - base)
    cells = [_Cell(row, dealt) for row in rows]
    allowed = math.floor(level * dealt.ways + _ROUNDING)
    p_values, open_cells = [1.0] * len(cells), list(range(len(cells)))
    while open_cells:
        rivals = _Rivals([cells[n].squared for n in open_cells])
        for n in open_cells:
            p_values[n] = rivals.share_beyond(cells[n].observed)
        found = {n for n in open_cells if p_values[n] * dealt.ways <= allowed + _ROUNDING}
        if not found:
            break
        open_cells = [n for n in open_cells if n not in found]
    unchanged = set(open_cells)
    # Of what was rejected it is known that it changed: it competes as what it is without its change.
    changed = [cells[n].without_change() for n in range(len(cells)) if n not in unchanged]
    all_rivals = _Rivals(changed, rivals if unchanged else None)
    return [
        cell.told(rivals if n in unchanged else all_rivals, allowed, p_values[n], rejected=n not in unchanged)
        for n, cell in enumerate(cells)
    ]


class _Rivals:
    """The largest square of any cell in each way to deal out, and the second largest."""

    def __init__(self, squares: Sequence[Sequence[float]], others: _Rivals | None = None) -> None:
        rows = [*squares, *((others.largest, others.second) if others else ())]
        ordered = [sorted(column) for column in zip(*rows, strict=True)]
        self.largest: Sequence[float] = [column[-1] for column in ordered]
        self.second: Sequence[float] = [column[-2] if len(column) > 1 else 0.0 for column in ordered]
        self._sorted = sorted(self.largest)
        self._roots: dict[float, tuple[list[float], ...]] = {}

    def share_beyond(self, square: float) -> float:
        """The share of ways in which any cell shows as much."""
        first = bisect.bisect_left(self._sorted, square * (1 - _ROUNDING))
        return (len(self._sorted) - first) / len(self._sorted)

    def roots_without(self, own: Sequence[float], factor: float) -> list[float]:
        """For a cell that is among them, the root of Q / (S + extra - Q) with which its square is the others' largest.

        `factor` is the one of its degrees of freedom, which most cells have in common.
        """
        if factor not in self._roots:
            self._roots[factor] = tuple(
                [math.sqrt(math.expm1(min(square / factor, _MOST))) for square in squares]
                for squares in (self.largest, self.second)
            )
        return [
            of_second if mine >= largest else of_largest
            for mine, largest, of_largest, of_second in zip(own, self.largest, *self._roots[factor], strict=True)
        ]


class _Cell:
    """A row and what the ways to deal out make of it.

    The signed root of Q is the sum over the new side of the values about their mean, times a factor that depends on the
    number of units on either side alone.
    """

    def __init__(self, row: Row, dealt: Dealings) -> None:
        self._dealt = dealt
        known = [not math.isnan(value) for value in row.values]
        self._whole = all(known)
        self._known = [float(is_known) for is_known in known]
        values = [value for value in row.values if not math.isnan(value)]
        self._units, self._new = len(values), sum(known[dealt.base :])
        centre = math.fsum(values) / len(values)
        self._values = [value - centre if is_known else 0.0 for value, is_known in zip(row.values, known, strict=True)]
        self.signed = array.array("d", self._roots(self._values))  # a quarter of the memory of a list
        self._total = math.fsum([value * value for value in self._values]) + row.extra
        # The share of both sides in the variance of the difference: 1 / base + 1 / new.
        self._share = self._units / (self._new * (self._units - self._new))
        self.degrees = self._units - 2 + row.degrees_extra
        self._factor = ((8 * self.degrees + 1) / (8 * self.degrees + 3)) ** 2 * self.degrees
        self.squared = array.array("d", self.squares(self.signed))
        self.observed = self.squared[0]

    @property
    def difference(self) -> float:
        return self.signed[0] * math.sqrt(self._share)

    @property
    def _within(self) -> float:
        return max(0.0, self._total - self.signed[0] ** 2)

    def _roots(self, values: Sequence[float]) -> list[float]:
        """The signed root of Q, way by way, of values whose mean is 0."""
        sums = self._dealt.sums(values)
        if self._whole:
            factor = math.sqrt(self._units / (self._new * (self._units - self._new)))
            return [factor * value for value in sums]
        factors = [
            math.sqrt(self._units / (new * (self._units - new))) if 0 < new < self._units else 0.0
            for new in range(self._units + 1)
        ]
        counts = self._dealt.sums(self._known)
        return [factors[round(count)] * value for count, value in zip(counts, sums, strict=True)]

    def squares(self, signed: Sequence[float], total: float | None = None) -> list[float]:
        """Squares of t, way by way, as squares of the standard normal deviates of the same probability.

        So cells with different degrees of freedom can be compared (Wallace, Annals of Mathematical Statistics 30(4),
        1959: z^2 = ((8 f + 1) / (8 f + 3))^2 f log(1 + t^2 / f), and 1 + t^2 / f = 1 / (1 - Q / (S + extra))).
        """
        total = self._total if total is None else total
        if total <= 0:
            return [0.0] * len(signed)
        share, factor, log1p = (1 - 1e-12) / total, -self._factor, math.log1p
        return [factor * log1p(-share * root * root) for root in signed]

    def without_change(self) -> list[float]:
        """Squares, way by way, had the new side not changed: with its mean moved onto that of the base side."""
        difference = self.difference
        moved = [root - difference * overlap for root, overlap in zip(self.signed, self._overlaps(), strict=True)]
        return self.squares(moved, self._within)

    def _overlaps(self) -> Sequence[float]:
        """The signed root of Q, way by way, of a change by 1."""
        if self._whole:
            return _overlaps_of_whole(self._dealt.base, self._dealt.new)
        mean = self._new / self._units
        sides = [0.0] * self._dealt.base + [1.0] * self._dealt.new
        return self._roots([known * (side - mean) for known, side in zip(self._known, sides, strict=True)])

    def told(self, rivals: _Rivals, allowed: int, p: float, *, rejected: bool) -> Tested:
        low, high = self._interval(rivals, allowed, rejected=rejected)
        difference = self.difference
        if rejected:  # 0 is outside by the same test; only rounding, or rivals without their change, can put it inside
            if difference > 0:
                low = max(low, min(difference, _ROUNDING))
            else:
                high = min(high, max(difference, -_ROUNDING))
        else:
            low, high = min(low, 0.0), max(high, 0.0)
        spread = math.sqrt(self._within / self.degrees) if self.degrees > 0 else math.nan
        return Tested(difference, low, high, p, rejected, spread, self.degrees)

    def _interval(self, rivals: _Rivals, allowed: int, *, rejected: bool) -> tuple[float, float]:
        """The differences d that are not rejected when the new side is moved back by d and the test is made again.

        A way counts against the rejection of d when a rival shows as much there, or the cell itself does. For d above
        the difference seen both hold up to a bound, which is the larger of the two; d is kept while more than `allowed`
        ways count against its rejection, so the end is the bound that `allowed` others exceed. Below it is the mirror
        image. With u and v the signed roots of Q of the values and of a change by 1, and u0 and v0 those seen, the cell
        shows as much as long as |u - d v| >= |u0 - d v0|.
        """
        own = self.without_change() if rejected else self.squared
        scale = math.sqrt(self._within * self._share)
        first, middle, overlaps = self.signed[0], self.difference, self._overlaps()
        asked, above, below = (
            _inverses_of_whole(self._dealt.base, self._dealt.new) if self._whole else _inverses(overlaps)
        )
        if (beyond := allowed - (len(asked) - len(above)) + 1) < 1:
            return -math.inf, math.inf
        if beyond > len(above):
            return middle, middle
        reaches = [scale * root for root in itertools.compress(rivals.roots_without(own, self._factor), asked)]
        roots = list(itertools.compress(self.signed, asked))
        ones = [(first + root) * inverse for root, inverse in zip(roots, above, strict=True)]
        others = [(first - root) * inverse for root, inverse in zip(roots, below, strict=True)]
        highs = map(max, ones, others, [middle + reach for reach in reaches])
        lows = map(min, ones, others, [middle - reach for reach in reaches])
        return sorted(lows)[beyond - 1], sorted(highs)[-beyond]


def _inverses(overlaps: Sequence[float]) -> tuple[Sequence[bool], Sequence[float], Sequence[float]]:
    """Which ways differ from the one seen, and for these 1 / (v0 + v) and 1 / (v0 - v).

    The way seen, its mirror image and, with numbers missing, those that are the same for a cell always show as much.
    """
    seen = overlaps[0]
    asked = [seen - abs(overlap) > _ROUNDING * seen for overlap in overlaps]
    kept = list(itertools.compress(overlaps, asked))
    return asked, [1 / (seen + overlap) for overlap in kept], [1 / (seen - overlap) for overlap in kept]


@functools.lru_cache(maxsize=16)
def _inverses_of_whole(base: int, new: int) -> tuple[Sequence[bool], Sequence[float], Sequence[float]]:
    return _inverses(_overlaps_of_whole(base, new))


@functools.lru_cache(maxsize=16)
def _overlaps_of_whole(base: int, new: int) -> Sequence[float]:
    """What `_Cell._overlaps` is for every cell that all units measured."""
    mean = new / (base + new)
    factor = math.sqrt((base + new) / (base * new))
    sums = dealings(base, new).sums([-mean] * base + [1 - mean] * new)
    return [factor * value for value in sums]
