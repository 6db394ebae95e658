"""The test of sides that were measured in turns: their sessions could have been dealt out in any other way."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from parabench.analyse.dealing import dealings, floor_of
from parabench.analyse.estimate import Estimate, Moment, Replicates, Sides
from parabench.analyse.looks import ALPHA, level_of
from parabench.analyse.max_t import Row, Tested, max_t
from parabench.analyse.moderated import Prior, prior_of
from parabench.analyse.order import batches

#: More sessions on the smaller side are put together, so many that no more units than this are dealt out.
UNITS_MOST = 24
#: With so many units the sides tell how much sessions differ, and the history is not asked.
_UNITS_ENOUGH = 24
#: With 15 normal cells the excess of their kurtosis is above this in 3 to 6 % of comparisons; with Student's t with 2
#: degrees of freedom in 93 % with 5 sessions a side, and nearly always with 8.
_EXCESS_MOST = 0.4


def estimates(cells: Sequence[Replicates], sides: Sides, alpha: float) -> list[Estimate]:
    """What the joint test says, cell by cell; all cells share `alpha`."""
    level = level_of(min(len(sides.base), len(sides.new)), alpha)
    groups = _units(sides.base, sides.new)
    base, new = len(groups[0]), len(groups[1])
    history = _history_batches(sides) if base + new < _UNITS_ENOUGH else []
    values = [
        [_mean(side, unit) for side, units in zip((cell.base, cell.new), groups, strict=True) for unit in units]
        for cell in cells
    ]
    known = [_known_besides(cell.history, history) for cell in cells]
    tested = joint_test(values, base, level, known)
    method = f"max-t, {'exact' if dealings(base, new).exact else 'sampled'}"
    looks = ALPHA / level
    reason = None if floor_of(base, new) <= level else _too_few(len(sides.base), len(sides.new), alpha)
    heavy = _is_heavy_tailed(values, base)
    sessions = (len(sides.base) + len(sides.new)) / (base + new)  # in a unit
    return [
        _estimate(test, cell, method, looks, sessions, reason, is_heavy_tailed=heavy)
        for test, cell in zip(tested, cells, strict=True)
    ]


def joint_test(
    values: Sequence[Sequence[float]], base: int, level: float, besides: Sequence[tuple[float, int]] | None = None
) -> list[Tested]:
    """Max-T of the logarithms of many cells, unit by unit, with what their spreads have in common as a prior.

    `besides` has for each cell a sum of squares that is known from elsewhere, and its degrees of freedom.
    """
    known = [(0.0, 0)] * len(values) if besides is None else besides
    prior = _prior(values, base, known)
    rows = [
        Row(units, squares + prior.degrees * prior.variance, degrees + prior.degrees)
        for units, (squares, degrees) in zip(values, known, strict=True)
    ]
    return max_t(rows, base, level)


def _estimate(
    test: Tested,
    cell: Replicates,
    method: str,
    looks: float,
    sessions: float,
    reason: str | None,
    *,
    is_heavy_tailed: bool,
) -> Estimate:
    base, new = (len(side) - sum(map(math.isnan, side)) for side in (cell.base, cell.new))
    spread = test.spread * math.sqrt(sessions) if test.degrees > 0 else None
    is_bounded = math.isfinite(test.low) and math.isfinite(test.high)
    return Estimate(
        difference=test.difference,
        low=test.low if is_bounded else None,
        high=test.high if is_bounded else None,
        p=min(1.0, test.p * looks),
        method=method,
        spread=spread,
        degrees=max(0.0, test.degrees),
        error=math.nan if spread is None else spread * math.sqrt(1 / base + 1 / new),
        is_heavy_tailed=is_heavy_tailed,
        reason=reason if is_bounded or reason else "too few of these sessions measured it",
    )


def _too_few(base: int, new: int, alpha: float) -> str:
    least = next(n for n in range(2, 100) if floor_of(n, n) <= level_of(n, alpha))
    return f"{base} against {new} sessions are too few to prove anything; {least} a side are enough"


def _units(base: Sequence[Moment], new: Sequence[Moment]) -> tuple[list[list[int]], list[list[int]]]:
    """The sessions of either side in units, by their places; a unit holds sessions that follow each other in time.

    Means of sessions in a row depend less on each other than the sessions do.
    """
    size = math.ceil(min(len(base), len(new)) / UNITS_MOST)

    def of(moments: Sequence[Moment]) -> list[list[int]]:
        order = sorted(range(len(moments)), key=lambda n: moments[n] or 0.0)
        number = len(order) // size
        return [order[n * len(order) // number : (n + 1) * len(order) // number] for n in range(number)]

    return of(base), of(new)


def _mean(values: Sequence[float], places: Sequence[int]) -> float:
    if len(places) == 1:
        return values[places[0]]
    unit = [values[place] for place in places]
    mean = statistics.fmean(unit)
    if not math.isnan(mean):  # mostly no number is missing: looking for those that are takes as long as the mean
        return mean
    known = [value for value in unit if not math.isnan(value)]
    return statistics.fmean(known) if known else math.nan


def _history_batches(sides: Sides) -> list[list[int]]:
    """Sessions of the history, by their places, that measured the same code in the same batch."""
    groups: dict[tuple[str, int], list[int]] = {}
    numbers = batches([moment for moment, _ in sides.history])
    for place, ((_, code), number) in enumerate(zip(sides.history, numbers, strict=True)):
        groups.setdefault((code, number), []).append(place)
    return [group for group in groups.values() if len(group) > 1]


def _known_besides(values: Sequence[float], groups: Sequence[Sequence[int]]) -> tuple[float, int]:
    """The sum of squares of a cell within the batches of the history, and its degrees of freedom."""
    squares, degrees = 0.0, 0
    for group in groups:
        known = [values[place] for place in group if not math.isnan(values[place])]
        if len(known) > 1:
            squares += _squares(known)
            degrees += len(known) - 1
    return squares, degrees


def _prior(values: Sequence[Sequence[float]], base: int, besides: Sequence[tuple[float, int]]) -> Prior:
    """What the spreads of all cells have in common."""
    variances = []
    for units, (squares_besides, degrees_besides) in zip(values, besides, strict=True):
        squares, degrees = squares_besides, degrees_besides
        for side in (units[:base], units[base:]):
            known = [value for value in side if not math.isnan(value)]
            if len(known) > 1:
                squares += _squares(known)
                degrees += len(known) - 1
        if degrees:
            variances.append((squares / degrees, degrees))
    return prior_of(variances)


def _is_heavy_tailed(values: Sequence[Sequence[float]], base: int) -> bool:
    """Whether the kurtosis of the numbers about the means of their sides, averaged over cells, is above a normal one.

    For n normal numbers it is 3 (n - 1) / (n + 1) on average, however much they scatter.
    """
    excess = []
    for units in values:
        squares = []
        for side in (units[:base], units[base:]):
            known = [value for value in side if not math.isnan(value)]
            squares += [(value - statistics.fmean(known)) ** 2 for value in known] if known else []
        total, n = sum(squares), len(squares)
        if total > 0:
            excess.append(n * sum(square * square for square in squares) / total**2 - 3 * (n - 1) / (n + 1))
    return bool(excess) and statistics.fmean(excess) > _EXCESS_MOST


def _squares(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum([(value - mean) ** 2 for value in values])
