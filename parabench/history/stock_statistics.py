"""The statistics that pytest-benchmark stores beside the raw rounds, for sessions recovered without it.

Only readers of its format need them: our own analysis starts from the raw rounds.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any


def stock_statistics(seconds: Sequence[float]) -> dict[str, Any]:
    """The `stats` object of a benchmark from its rounds (at least one), as pytest-benchmark 5 computes it."""
    data = sorted(seconds)
    q1, q3 = _quartiles(data)
    mean, spread = statistics.mean(seconds), statistics.stdev(seconds) if len(seconds) > 1 else 0
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    beyond_stddev = sum(not mean - spread <= value <= mean + spread for value in seconds)
    beyond_iqr = sum(not low <= value <= high for value in seconds)
    return {
        "min": data[0],
        "max": data[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(data),
        "median": statistics.median(data),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": beyond_iqr,
        "stddev_outliers": beyond_stddev,
        "outliers": f"{beyond_stddev};{beyond_iqr}",
        "ld15iqr": data[0] if len(data) == 1 else data[bisect_left(data, low)],
        "hd15iqr": data[0] if len(data) == 1 else data[bisect_right(data, high) - 1],
        "ops": len(data) / sum(seconds) if sum(seconds) else 0,
        "total": sum(seconds),
        "data": list(seconds),
        "iterations": 1,
    }


def _quartiles(data: Sequence[float]) -> tuple[float, float]:
    """First and third quartile of sorted data, by the methods 2 (even) and 3 (odd) that pytest-benchmark uses."""
    rounds = len(data)
    if rounds == 1:
        return data[0], data[0]
    if rounds % 2 == 0:
        return statistics.median(data[: rounds // 2]), statistics.median(data[rounds // 2 :])
    n, remainder = divmod(rounds, 4)
    if remainder == 1:
        return 0.25 * data[n - 1] + 0.75 * data[n], 0.75 * data[3 * n] + 0.25 * data[3 * n + 1]
    return 0.75 * data[n] + 0.25 * data[n + 1], 0.25 * data[3 * n + 1] + 0.75 * data[3 * n + 2]
