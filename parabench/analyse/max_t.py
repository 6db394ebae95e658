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
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from parabench.analyse.dealing import Dealings, dealings
from parabench.analyse.rivals import ROUNDING, Rivals

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
    allowed = math.floor(level * dealt.ways + ROUNDING)
    p_values, open_cells = [1.0] * len(cells), list(range(len(cells)))
    while open_cells:
        rivals = Rivals([cells[n].squared for n in open_cells])
        for n in open_cells:
            p_values[n] = rivals.share_beyond(cells[n].observed)
        rejected = {n for n in open_cells if p_values[n] * dealt.ways <= allowed + ROUNDING}
        if not rejected:
            break
        open_cells = [n for n in open_cells if n not in rejected]
    places = {n: place for place, n in enumerate(open_cells)}
    changed = [n for n in range(len(cells)) if n not in places]
    tested = {n: cells[n].told(rivals, places[n], allowed, p_values[n], rejected=False) for n in open_cells}
    if changed:
        # Of what was rejected it is known that it changed: it competes as what it is without its change.
        rivals = Rivals([cells[n].without_change() for n in changed], rivals if open_cells else None)
        for place, n in enumerate(changed):
            tested[n] = cells[n].told(rivals, place, allowed, p_values[n], rejected=True)
    return [tested[n] for n in range(len(cells))]


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
        self._scale = math.sqrt(self._within * self._share)
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

    def told(self, rivals: Rivals, place: int, allowed: int, p: float, *, rejected: bool) -> Tested:
        low, high = self._interval(rivals, place, allowed)
        difference = self.difference
        if rejected:  # 0 is outside by the same test; only rounding, or rivals without their change, can put it inside
            if difference > 0:
                low = max(low, min(difference, ROUNDING))
            else:
                high = min(high, max(difference, -ROUNDING))
        else:
            low, high = min(low, 0.0), max(high, 0.0)
        spread = math.sqrt(self._within / self.degrees) if self.degrees > 0 else math.nan
        return Tested(difference, low, high, p, rejected, spread, self.degrees)

    def _interval(self, rivals: Rivals, place: int, allowed: int) -> tuple[float, float]:
        """The differences d that are not rejected when the new side is moved back by d and the test is made again.

        A way counts against the rejection of d when a rival shows as much there, or the cell itself does. For d above
        the difference seen both hold up to a bound, which is the larger of the two; d is kept while more than `allowed`
        ways count against its rejection, so the end is the bound that `allowed` others exceed. Below it is the mirror
        image. With u and v the signed roots of Q of the values and of a change by 1, and u0 and v0 those seen, the cell
        shows as much as long as |u - d v| >= |u0 - d v0|.

        The rivals alone show that the end lies no nearer than a bar. What does not reach beyond it cannot be the end,
        so few ways are looked at closely.
        """
        asked, above, below = (
            _inverses_of_whole(self._dealt.base, self._dealt.new) if self._whole else _inverses(self._overlaps())
        )
        ways = sum(asked)
        if (beyond := allowed - (len(asked) - ways) + 1) < 1:
            return -math.inf, math.inf
        middle, first = self.difference, self.signed[0]
        if beyond > ways:
            return middle, middle
        led = rivals.led_by(place)
        leading = rivals.first_ways(beyond, asked, led)
        reach = {way: self._reach(rivals.largest[way]) for way in leading}
        bar = reach[leading[-1]] if len(leading) == beyond else -math.inf
        reach |= {way: self._reach(square) for way, square in led.items() if asked[way]}
        ones = list(map(mul, map(first.__add__, self.signed), above))
        others = list(map(mul, map(first.__sub__, self.signed), below))
        low_bar, high_bar = middle - bar, middle + bar
        for bounds in (ones, others):
            beyond_bars = [way for way, bound in enumerate(bounds) if not low_bar <= bound <= high_bar]
            reach |= {way: self._reach(rivals.largest[way]) for way in beyond_bars if asked[way] and way not in reach}
        lows = [min(ones[way], others[way], middle - outwards) for way, outwards in reach.items()]
        highs = [max(ones[way], others[way], middle + outwards) for way, outwards in reach.items()]
        return sorted(lows)[beyond - 1], sorted(highs)[-beyond]

    def _reach(self, square: float) -> float:
        """How far from the difference seen another one has to lie for this cell to show so large a square."""
        return self._scale * math.sqrt(math.expm1(min(square / self._factor, _MOST)))


def _inverses(overlaps: Sequence[float]) -> tuple[Sequence[bool], Sequence[float], Sequence[float]]:
    """Which ways differ from the one seen, and for these 1 / (v0 + v) and 1 / (v0 - v); 0 for the others.

    The way seen, its mirror image and, with numbers missing, those that are the same for a cell always show as much.
    """
    seen = overlaps[0]
    asked = [seen - abs(overlap) > ROUNDING * seen for overlap in overlaps]

    def inverses(sign: int) -> list[float]:
        pairs = zip(overlaps, asked, strict=True)
        return [1 / (seen + sign * overlap) if is_asked else 0.0 for overlap, is_asked in pairs]

    return asked, inverses(1), inverses(-1)


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
