"""The JSON of a stored file, of parabench or of pytest-benchmark alone, made into a StoredSession."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from parabench.errors import HistoryTooNew
from parabench.history import migrations
from parabench.history.checked import TEXT, Fields, Rule, problem, rules_of, shown
from parabench.history.stored import StoredBenchmark, StoredSession, StoredWarning, Unmeasured
from parabench.history.stored_benchmark import is_cell, read_benchmark
from parabench.records import CellId

T = TypeVar("T")

_NUMBER = re.compile(r"(\d{4,})_")
_BOOLEAN: Rule = {"type": "boolean"}
#: Years in which a benchmark can have been run; the first and last that datetime knows overflow when zones change.
_YEARS = range(1970, 9999)
_NOT_OURS = "the file was stored by pytest-benchmark alone, which does not record it"


class Malformed(ValueError):
    """The structure of a file is not that of a session; the text says where."""


def build_session(path: Path, content: object) -> StoredSession:
    """A session from the parsed content of its file.

    Raises Malformed or migrations.StepFailed when it is none, HistoryTooNew when its format is a later one.
    """
    if not isinstance(content, dict):
        raise Malformed(f"it holds {shown(content)}, not the object of a session")
    entries = content.get("benchmarks")
    if not isinstance(entries, list):
        raise Malformed("it holds no list of benchmarks")
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise Malformed(f"benchmarks[{place}] is {shown(entry)}, not an object")
        if not isinstance(entry.get("fullname"), str) or not entry["fullname"]:
            raise Malformed(f"benchmarks[{place}].fullname is {shown(entry.get('fullname'))}, not a name")
    number = _NUMBER.match(path.name)
    ours = "parabench" in content
    stored_format = _format(path, content["parabench"]) if ours else None
    cells = _migrate(content, entries) if ours else set()
    top = _top(content, path) if ours else _top_of_stock(content, path)
    reasons: dict[str, str] = top.pop("reasons")
    if number is None:
        reasons["number"] = "the file's name does not begin with a number"
    if stored_format is None:
        reasons["format"] = _NOT_OURS
    return StoredSession(
        path=path,
        number=int(number[1]) if number else None,
        format=stored_format,
        benchmarks=_benchmarks(entries, cells),
        **_circumstances(content, reasons),
        **top,
        reasons=reasons,
    )


def _format(path: Path, ours: object) -> int:
    """The format of our top-level object, which is one that can be read."""
    if not isinstance(ours, dict):
        raise Malformed(f"parabench is {shown(ours)}, not an object")
    if "format" not in ours:
        raise Malformed("parabench has no format")
    wrong = problem(ours["format"], rules_of("session")["format"])
    if wrong:
        raise Malformed(f"parabench.format {wrong}")
    stored_format: int = ours["format"]
    latest = migrations.latest_format(migrations.MIGRATIONS)
    if stored_format > latest:
        raise HistoryTooNew(path, shown(stored_format), latest)
    return stored_format


def _migrate(content: dict[str, Any], entries: list[dict[str, Any]]) -> set[int]:
    """Bring what is ours to the latest format, in place; returns the places of the entries that are cells."""
    places = [place for place, entry in enumerate(entries) if is_cell(entry.get("extra_info"))]
    content["parabench"], cells = migrations.migrate(
        content["parabench"], [entries[place]["extra_info"] for place in places], migrations.MIGRATIONS
    )
    for place, extra_info in zip(places, cells, strict=True):
        entries[place]["extra_info"] = extra_info
    return set(places)


def _benchmarks(entries: list[dict[str, Any]], cells: set[int]) -> tuple[StoredBenchmark, ...]:
    return tuple(read_benchmark(entry, entry["fullname"], cell=place in cells) for place, entry in enumerate(entries))


def _circumstances(content: Mapping[str, Any], reasons: dict[str, str]) -> dict[str, Any]:
    """When, from which commit and by which version: what every pytest-benchmark records."""
    top, commit = Fields(content, "session"), Fields(content.get("commit_info"), "commit_info")
    circumstances = {
        "commit_id": commit.get("id", TEXT, "commit_id"),
        "commit_time": _moment(commit, "time", "commit_time"),
        "dirty": commit.get("dirty", _BOOLEAN),
        "branch": commit.get("branch", TEXT),
        "datetime": _moment(top, "datetime", "datetime"),
        "version": top.get("version", TEXT),
    }
    reasons |= commit.reasons | top.reasons
    return circumstances


def _moment(fields: Fields, key: str, name: str) -> dt.datetime | None:
    text = fields.get(key, TEXT, name)
    if text is None:
        return None
    moment = _moment_of(text)
    if moment is None:
        fields.unknown(name, f"{key} is {shown(text)}, not a date and time")
    elif moment.year not in _YEARS:
        fields.unknown(name, f"{key} is {shown(text)}, a year without benchmarks")
        return None
    return moment


def moment_within_reason(value: object) -> dt.datetime | None:
    """The moment that a value of a file means; None if it is none, or of a year without benchmarks."""
    moment = _moment_of(value) if isinstance(value, str) else None
    return moment if moment is not None and moment.year in _YEARS else None


def _moment_of(text: str) -> dt.datetime | None:
    """The moment that a text means, in UTC without a zone; None if it is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def number_of(path: Path) -> int | None:
    """The number that the name of a session's file begins with."""
    number = _NUMBER.match(path.name)
    return int(number[1]) if number else None


def _top(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Our top-level object, as it is in the latest format."""
    ours, rules = Fields(content["parabench"], "parabench"), rules_of("session")
    machine_id = ours.get("machine_id", rules["machine_id"])
    fields = {
        "machine_id": machine_id or path.absolute().parent.name,
        "interrupted": ours.get("interrupted", rules["interrupted"]),
        "noisy": ours.get("noisy", rules["noisy"]),
        "tags": _tags(ours),
        "options": ours.get("options", {"type": "object"}),
        "failed": _entries(ours, "failed", "unmeasured", _unmeasured),
        "not_run": _entries(ours, "not_run", "unmeasured", _unmeasured),
        "warnings": _entries(ours, "warnings", "warning", lambda values: StoredWarning(**values)),
        "fingerprint": _fingerprint(content["parabench"].get("fingerprint")),
    }
    return {**fields, "reasons": ours.reasons}


def _unmeasured(values: dict[str, Any]) -> Unmeasured:
    cell = CellId(**{field: values[field] for field in CellId._fields})
    return Unmeasured(cell=cell, reason=values["reason"], install=values["install"])


def _tags(ours: Fields) -> tuple[str, ...] | None:
    tags = ours.get("tags", rules_of("session")["tags"])
    return None if tags is None else tuple(tags)


def _top_of_stock(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What takes the place of our top-level object where there is none."""
    unknown = ("interrupted", "noisy", "tags", "options", "failed", "not_run", "warnings")
    machine = content.get("machine_info")
    if isinstance(machine, dict):
        shared = {key: value for key, value in machine.items() if key in rules_of("fingerprint") and key != "reasons"}
        cpu = machine.get("cpu")
        named = cpu if isinstance(cpu, dict) else {}
        machine = {
            **shared,
            "cpu": named.get("brand_raw", named.get("brand")),  # py-cpuinfo's key changed with its version 5
            "cores_present": named.get("count"),
        }
    return {
        "machine_id": path.absolute().parent.name,
        **dict.fromkeys(unknown),
        "fingerprint": _fingerprint(machine, missing=_NOT_OURS),
        "reasons": dict.fromkeys(unknown, _NOT_OURS),
    }


def _fingerprint(stored: object, missing: str | None = None) -> dict[str, Any]:
    """Every part that the schema knows and whatever else is there; unknown parts are None, with a reason."""
    fields = Fields(stored, "fingerprint")
    known = {key: fields.get(key, rule) for key, rule in rules_of("fingerprint").items() if key != "reasons"}
    present = stored if isinstance(stored, dict) else {}
    stored_reasons = present.get("reasons")
    reasons = fields.reasons
    for key in reasons:
        if isinstance(stored_reasons, dict) and isinstance(stored_reasons.get(key), str) and present.get(key) is None:
            reasons[key] = stored_reasons[key]
        elif missing and present.get(key) is None:
            reasons[key] = missing
    return {**present, **known, "reasons": reasons}


#: What is not in older files, because there was nothing else.
DEFAULTS = {"chunk": "1"}


def _entries(ours: Fields, key: str, definition: str, record: Callable[[dict[str, Any]], T]) -> tuple[T, ...] | None:
    """The entries of a list, each as a record of what the schema defines: all of them or None."""
    entries = ours.get(key, {"type": "array"})
    if entries is None:
        return None
    records = []
    for place, entry in enumerate(entries):
        fields = Fields({**DEFAULTS, **entry} if isinstance(entry, dict) else entry, f"parabench.{key}[{place}]")
        values = {name: fields.get(name, rule) for name, rule in rules_of(definition).items()}
        wrong = [reason for name, reason in fields.reasons.items() if name != "install"]
        if wrong:
            ours.unknown(key, wrong[0])
            return None
        records.append(record(values))
    return tuple(records)
