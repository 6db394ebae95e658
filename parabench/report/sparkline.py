"""A series as one line of characters."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=*#"


def sparkline(seconds: Sequence[float], *, width: int, encoding: str | None) -> str:
    """The series from its smallest to its largest value, in logarithms; medians stand for what does not fit the width.

    Streams that cannot show blocks get plain characters. Values have to be above 0.
    """
    if not seconds:
        return ""
    logs = [math.log(value) for value in _fitted(seconds, width)]
    low, high = min(logs), max(logs)
    characters = BLOCKS if _can_show(BLOCKS, encoding) else PLAIN
    if high - low < math.log(1.001):  # nothing to see
        return characters[len(characters) // 2] * len(logs)
    steps = len(characters) - 1
    return "".join(characters[round(steps * (value - low) / (high - low))] for value in logs)


def sparklines(parts: Iterable[Sequence[float]], *, width: int, encoding: str | None) -> str:
    """Parts of one series on one scale, a blank between them; each is at most `width` wide, empty ones are left out."""
    fitted = [_fitted(part, width) for part in parts if part]
    together = [value for part in fitted for value in part]
    drawn = iter(sparkline(together, width=len(together), encoding=encoding))
    return " ".join("".join(itertools.islice(drawn, len(part))) for part in fitted)


def _fitted(seconds: Sequence[float], width: int) -> list[float]:
    if len(seconds) <= width:
        return list(seconds)
    bounds = [round(place * len(seconds) / width) for place in range(width + 1)]
    return [statistics.median(seconds[bounds[n] : bounds[n + 1]]) for n in range(width)]


def _can_show(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
