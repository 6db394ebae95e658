"""What two sides consist of, and what a test says about one cell of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds since any origin at which a session was stored; None: unknown.
Moment = float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """When the sessions of both sides were measured, and which others of the same machine there are."""

    base: Sequence[Moment]
    new: Sequence[Moment]
    #: Other sessions: when, and of which code; code of one name is unchanged code.
    history: Sequence[tuple[Moment, str]] = ()


@dataclass(frozen=True, slots=True)
class Replicates:
    """Logarithms of a cell's replicates, session by session of `Sides`; NaN: the session has none."""

    base: Sequence[float]
    new: Sequence[float]
    history: Sequence[float] = ()

    @classmethod
    def of_seconds(cls, base: Sequence[float], new: Sequence[float], history: Sequence[float]) -> Replicates:
        """From seconds > 0 or NaN; what the history holds besides is left out."""
        return cls(_logs(base), _logs(new), _logs(history))

    def moments(self, sides: Sides) -> tuple[list[Moment], list[Moment]]:
        """When the sessions of both sides were that have a number for this cell."""
        base = [moment for moment, value in zip(sides.base, self.base, strict=True) if not math.isnan(value)]
        return base, [moment for moment, value in zip(sides.new, self.new, strict=True) if not math.isnan(value)]

    def counted(self) -> tuple[list[float], list[float]]:
        """The numbers of both sides."""
        base, new = ([value for value in side if not math.isnan(value)] for side in (self.base, self.new))
        return base, new


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a test says of a cell: the difference of mean logarithms, new - base, and its interval."""

    difference: float
    #: None: too few sessions for an interval, and `reason` says so.
    low: float | None = None
    high: float | None = None
    #: Adjusted for cells and looks: at most 5 % where the interval does not hold 0.
    p: float | None = None
    method: str | None = None
    #: Standard deviation of a replicate, with its degrees of freedom; None and 0: unknown.
    spread: float | None = None
    degrees: float = 0.0
    #: Standard error of the difference.
    error: float = math.nan
    #: Whether single sessions, of all cells, are so far off the others that means of more sessions cannot be foreseen.
    is_heavy_tailed: bool = False
    reason: str | None = None


def _logs(values: Sequence[float]) -> list[float]:
    if all(map(math.isfinite, values)) and min(values, default=1.0) > 0:
        return list(map(math.log, values))
    return [math.log(value) if value > 0 and not math.isinf(value) else math.nan for value in values]
