"""One entry of `benchmarks` in a stored file, read with its statistics recomputed from the raw rounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from parabench.history.checked import (
    SECONDS,
    SPREAD,
    TEXT,
    WHOLE_FROM_1,
    Fields,
    problem,
    rules_of,
    shown,
    types_of,
)
from parabench.history.stored import StoredBenchmark, StoredPass
from parabench.records import Visit
from parabench.records.figures import explanations

#: Keys of a cell's `extra_info` that have fields of their own.
IDENTITY = (
    *("workload", "model", "family", "kind", "workers", "workers_named", "size", "tasks", "client", "source_hash"),
    "libraries",
)
#: Keys of a pass that older files do not have, and that nothing here needs.
_LATER = {"seconds_warm_up", "share_others", "others_reason", "disturbed"}
_APART = {*IDENTITY, "chunk", "passes", "findings", "seconds_per_round"}
#: Lists and objects with fields of their own.
_NO_TABLES = {*_APART, "warm_up"}
_TABLE = (bool, list, dict)
_STATISTICS = ("median", "mean", "min", "max")
#: Where the file itself says why a figure is null, by figure.
_EXPLAINED_BY = explanations(Visit) | {
    "bytes_peak": "memory_reason",
    "bytes_before_batch": "memory_reason",
    "ideal_seconds_per_round": "ideal_reason",
    "share_of_ideal": "ideal_reason",
}
#: A stored mean that differs by more from that of the stored rounds was not computed from them.
_TOLERANCE = 1e-6


def is_cell(extra_info: object) -> bool:
    """Whether an `extra_info` of a session of ours is that of a cell; other tests have benchmarks, too."""
    return isinstance(extra_info, dict) and {"workload", "model"} <= extra_info.keys()


def read_benchmark(entry: Mapping[str, Any], fullname: str, *, cell: bool) -> StoredBenchmark:
    """An entry of `benchmarks`; `cell` tells that its `extra_info` is ours. Whatever is wrong in it is None."""
    head = Fields(entry, "benchmark")
    name, group = head.get("name", TEXT), head.get("group", TEXT)
    timing = _timing(entry)
    reasons = head.reasons | timing.pop("reasons")
    ours = _cell(entry, timing["seconds"]) if cell else _no_cell()
    reasons |= ours.pop("reasons")
    stored = ours.pop("stored_seconds_per_round")
    by_pass = ours["seconds_by_pass"]
    if by_pass is not None:
        seconds_per_round = statistics.median(by_pass.values())
    else:
        seconds_per_round = timing["median"] if stored is None or timing["median"] is None else stored
    reasons.pop("seconds_per_round", None)
    if seconds_per_round is None:
        reasons["seconds_per_round"] = reasons["median"]
    return StoredBenchmark(
        fullname=fullname,
        name=name or fullname,
        group=group,
        seconds_per_round=seconds_per_round,
        reasons=reasons,
        **timing,
        **ours,
    )


def _timing(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Rounds and statistics, with their reasons. Statistics beside damaged rounds are not believed either."""
    stats = Fields(entry.get("stats"), "stats")
    iterations = stats.get("iterations", WHOLE_FROM_1)
    seconds = None
    if "data" not in stats:
        stats.unknown(
            "seconds", "the file has no stats.data: pytest-benchmark stores it with --benchmark-save-data only"
        )
        statistics_found = {key: stats.get(key, SECONDS) for key in _STATISTICS}
        rounds, stddev = stats.get("rounds", WHOLE_FROM_1), stats.get("stddev", SPREAD)
    else:
        seconds, damage = _rounds(entry["stats"])
        statistics_found = dict.fromkeys(_STATISTICS) if seconds is None else _statistics(seconds)
        rounds = len(seconds) if seconds else None
        stddev = None if seconds is None else _deviation(seconds, statistics_found["mean"])
        if damage:
            for key in ("seconds", *_STATISTICS, "rounds", "stddev"):
                stats.unknown(key, damage)
    if rounds is not None and rounds < 2:
        stddev = None
        stats.unknown("stddev", "a single round has no spread")
    elif stddev is not None and rounds is None:
        stddev = None
        stats.unknown("stddev", "the spread of an unknown number of rounds says nothing")
    return {
        "seconds": seconds,
        **statistics_found,
        "stddev": stddev,
        "rounds": rounds,
        "iterations": iterations,
        "reasons": stats.reasons,
    }


def _rounds(stats: Mapping[str, Any]) -> tuple[tuple[float, ...] | None, str | None]:
    """`stats.data`, all of it or nothing, and what is wrong with it."""
    data = stats["data"]
    if not isinstance(data, list) or not data:
        return None, f"stats.data is {'empty' if data == [] else f'{shown(data)}, not a list'}"
    for place, value in enumerate(data):
        wrong = problem(value, SECONDS)
        if wrong:
            return None, f"stats.data[{place}] {wrong}"
    seconds = tuple(map(float, data))
    mean, computed = stats.get("mean"), math.fsum(seconds) / len(seconds)
    if problem(mean, SECONDS) is None and not math.isclose(float(mean), computed, rel_tol=_TOLERANCE):  # type: ignore[arg-type]
        return None, f"stats.mean is {shown(mean)}, but that of stats.data is {computed!r}: one of them was changed"
    return seconds, None


def _statistics(seconds: tuple[float, ...]) -> dict[str, float]:
    return {
        "median": statistics.median(seconds),
        "mean": math.fsum(seconds) / len(seconds),
        "min": min(seconds),
        "max": max(seconds),
    }


def _deviation(seconds: tuple[float, ...], mean: float) -> float | None:
    """Standard deviation of the sample; `statistics.stdev` computes in fractions and takes 30 times as long."""
    if len(seconds) < 2:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in seconds) / (len(seconds) - 1))


def _no_cell() -> dict[str, Any]:
    unknown = (*IDENTITY, "chunk", "passes", "seconds_by_pass")
    return {
        **dict.fromkeys(unknown),
        "figures": {},
        "remarks": {},
        "tables": {},
        "findings": (),
        "stored_seconds_per_round": None,
        "reasons": dict.fromkeys(unknown, "it is no cell of parabench: pytest-benchmark does not record it"),
    }


def _cell(entry: Mapping[str, Any], seconds: tuple[float, ...] | None) -> dict[str, Any]:
    """What parabench adds to a cell's benchmark, with its reasons."""
    info, rules = Fields(entry["extra_info"], "extra_info"), rules_of("cell")
    identity = {key: info.get(key, rules[key]) for key in IDENTITY}
    identity["chunk"] = info.get("chunk", rules["chunk"]) if "chunk" in info else "1"  # earlier sessions had no other
    numbers = [key for key in rules if key not in _APART and {"number", "integer"} & {*types_of(rules[key])}]
    texts = [key for key in rules if key not in _APART and "string" in types_of(rules[key])]
    present = entry["extra_info"]
    figures = {key: info.get(key, rules[key]) for key in numbers}
    # A remark that is null says that there is nothing to remark: nothing is unknown.
    remarks = {key: info.get(key, rules[key]) for key in texts if present.get(key) is not None}
    for key, value in figures.items():
        reason = remarks.get(_EXPLAINED_BY.get(key, ""))
        if value is None and present.get(key) is None and reason is not None:
            info.unknown(key, reason)
    tables = {key: present[key] for key in rules if key not in _NO_TABLES and isinstance(present.get(key), _TABLE)}
    passes = _passes(info)
    findings = info.get("findings", rules["findings"]) if "findings" in info else None
    return {
        **identity,
        "figures": {key: value for key, value in figures.items() if value is not None},
        "remarks": {key: value for key, value in remarks.items() if value is not None},
        "tables": tables,
        "findings": tuple(findings or ()),
        "passes": passes,
        "seconds_by_pass": _by_pass(info, passes, seconds),
        "stored_seconds_per_round": info.get("seconds_per_round", SECONDS),
        "reasons": info.reasons,
    }


def _passes(info: Fields) -> tuple[StoredPass, ...] | None:
    """The visits to a cell: all of them or None."""
    entries = info.get("passes", rules_of("cell")["passes"])
    if entries is None:
        return None
    passes = []
    for place, entry in enumerate(entries):
        fields = Fields(entry, f"extra_info.passes[{place}]")
        values = {key: fields.get(key, rule) for key, rule in rules_of("pass").items() if key not in _LATER}
        if fields.reasons:
            info.unknown("passes", next(iter(fields.reasons.values())))
            return None
        passes.append(
            StoredPass(
                number=values["pass"],
                position=values["position"],
                rounds=values["rounds"],
                seconds_open=values["seconds_open"],
                seconds_first_batch=values["seconds_first_batch"],
            )
        )
    return tuple(passes)


def _by_pass(
    info: Fields, passes: tuple[StoredPass, ...] | None, seconds: tuple[float, ...] | None
) -> dict[int, float] | None:
    """Median seconds per round of each pass, from the rounds that the passes divide among themselves."""
    if passes is None or seconds is None:
        info.unknown("seconds_by_pass", info.reasons["passes"] if passes is None else "the raw rounds are unknown")
        return None
    rounds = sum(visit.rounds for visit in passes)
    if rounds != len(seconds) or len({visit.number for visit in passes}) != len(passes):
        info.unknown(
            "seconds_by_pass", f"{len(passes)} passes with {rounds} rounds do not divide {len(seconds)} rounds"
        )
        return None
    medians, end = {}, 0
    for visit in passes:
        begin, end = end, end + visit.rounds
        if visit.rounds:
            medians[visit.number] = statistics.median(seconds[begin:end])
    return medians
