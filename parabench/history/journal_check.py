"""Whether a header, and each line after it, says what a session would have written: before anything is made of it."""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parabench.history.checked import SECONDS_LEAST, SECONDS_MOST
from parabench.history.journal_lines import visit_of_today
from parabench.machine.fingerprint import machine_id, machine_info
from parabench.records import Cell, Concern, Instrumented, Trace, Unavailable, Visit

#: More than any count, size or duration that a session can see.
NUMBER_MOST = 1e18
_HEADER = {"options": dict, "sources": dict, "libraries": dict, "fingerprint": dict, "commit": dict, "cells": list}
#: A commit's id becomes a part of the file's name.
_COMMIT = re.compile(r"[\w.+-]{1,100}")


def fault_of_header(header: Mapping[str, Any]) -> str | None:
    """What is wrong with a header; None when it is a plan that lines can be read by."""
    for name, kind in _HEADER.items():
        if not isinstance(header.get(name), kind):
            return f"'{name}' is missing or no {kind.__name__}"
    try:
        datetime.fromisoformat(header["started"])
        machine_id(dict(header["fingerprint"]))
        machine_info(dict(header["fingerprint"]))
    except Exception as error:  # whatever a fingerprint of another shape leads to
        return f"'started' or 'fingerprint' is not as it was written: {type(error).__name__}: {error}"
    ids = set()
    for cell in header["cells"]:
        if (fault := _fault_of_cell(cell)) is not None:
            return fault
        ids.add(cell["id"])
    if len(ids) < len(header["cells"]):
        return "a cell is planned twice"
    described_as: dict[str, Any] = {"workloads": _DescribedWorkload, "models": _DescribedModel}
    for part, record in described_as.items():
        described = header.get(part, {})
        if not isinstance(described, dict) or not all(fits(element, record) for element in described.values()):
            return f"'{part}' is not as it was written"
    return _fault_of_circumstances(header)


@dataclasses.dataclass
class _DescribedWorkload:
    client: str | None
    libraries: tuple[str, ...]


@dataclasses.dataclass
class _DescribedModel:
    family: str
    start_method: str | None
    event_loop: str | None
    libraries: tuple[str, ...]
    address: str | None


def _fault_of_circumstances(header: Mapping[str, Any]) -> str | None:
    identity, options = header["commit"].get("id", "unversioned"), header["options"]
    if not isinstance(identity, str) or not _COMMIT.fullmatch(identity):
        return "'commit' has no usable id"
    if not fits(header.get("tags", []), tuple[str, ...]) or not isinstance(header.get("noisy", False), bool):
        return "'tags' or 'noisy' is not as it was written"
    if not fits(header.get("run"), dict[str, Any] | None) or not fits(options.get("watts_per_core"), float | None):
        return "'run' or 'watts_per_core' is not as it was written"
    if not fits(options.get("external_services", []), tuple[str, ...]):
        return "'external_services' is not as it was written"
    return None


def _fault_of_cell(cell: Any) -> str | None:
    if not isinstance(cell, dict) or not isinstance(cell.get("item"), str):
        return "a planned cell is no object, or has no item"
    fields = {name: value for name, value in cell.items() if name not in ("id", "item")}
    if not fits(fields, Cell):
        return f"the planned cell {str(cell.get('id'))[:80]!r} is not as it was written"
    unavailable = fields.get("unavailable")
    known = Cell(**{**fields, "unavailable": Unavailable(**unavailable) if unavailable else None})
    if known.id != cell.get("id"):
        return f"the planned cell {known.id!r} is called {str(cell.get('id'))[:80]!r}"
    return None


def fault_of_line(line: Mapping[str, Any], cells: frozenset[str]) -> str | None:
    """What is wrong with a line after the header; None when it can be used. `cells` are the planned ids."""
    if not _is_duration(line.get("seconds")):
        return "it has no 'seconds'"
    if "cell" in line:
        return _fault_of_cell_line(line, cells)
    if "warnings" in line:
        return None if fits(line["warnings"], tuple[Concern, ...]) else "'warnings' is not as it was written"
    if "stored" in line:
        name = line["stored"]
        return None if isinstance(name, str) and re.fullmatch(r"[\w.+-]+\.json", name) else "'stored' is no file's name"
    return "it is of no known kind"


def _fault_of_cell_line(  # noqa: PLR0911 - one return a fault
    line: Mapping[str, Any], cells: frozenset[str]
) -> str | None:
    if not isinstance(line["cell"], str) or line["cell"] not in cells:
        return f"its cell {str(line['cell'])[:80]!r} is not planned"
    if "failure" in line:
        return None if isinstance(line["failure"], str) else "'failure' is no text"
    visit, tasks = line.get("visit"), line.get("tasks")
    if not isinstance(tasks, int) or isinstance(tasks, bool) or not 0 < tasks < NUMBER_MOST:
        return "'tasks' is no number of tasks"
    if not isinstance(visit, dict) or not fits(visit_of_today(visit), Visit) or "instrumented" not in line:
        return "its visit is not as it was written"
    seconds = visit["seconds_per_round"]
    if not seconds or not all(SECONDS_LEAST <= value <= SECONDS_MOST for value in seconds):
        return "its rounds are no durations"
    if not fits(line["instrumented"], Instrumented | None):
        return "its instrumented round is not as it was written"
    return None


def _is_duration(value: Any) -> bool:
    return fits(value, float) and 0 <= value <= SECONDS_MOST


def fits(value: Any, hint: Any) -> bool:  # noqa: PLR0911 - one return a kind of hint
    """Whether a JSON value is what a field with this type hint was written as."""
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(fits(value, choice) for choice in typing.get_args(hint))
    if hint in (int, float):
        return _is_number(value) and (hint is float or isinstance(value, int))
    if typing.get_origin(hint) is tuple:
        return isinstance(value, list) and _fits_tuple(value, typing.get_args(hint))
    if typing.get_origin(hint) is dict:
        kind = typing.get_args(hint)[1]
        return isinstance(value, dict) and all(fits(part, kind) for part in value.values())
    if dataclasses.is_dataclass(hint):
        return isinstance(value, dict) and _fits_fields(value, hint)
    if hint is Trace:
        hints = typing.get_type_hints(Trace)
        return isinstance(value, list) and len(value) == len(hints) and all(map(fits, value, hints.values()))
    return isinstance(value, hint)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= NUMBER_MOST and math.isfinite(value)


def _fits_tuple(value: list[Any], hints: tuple[Any, ...]) -> bool:
    if hints[-1] is ...:
        return all(fits(item, hints[0]) for item in value)
    return len(value) == len(hints) and all(map(fits, value, hints))


def _fits_fields(value: Mapping[str, Any], record: Any) -> bool:
    hints = typing.get_type_hints(record)
    needed = {
        field.name
        for field in dataclasses.fields(record)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return needed <= value.keys() <= hints.keys() and all(fits(part, hints[name]) for name, part in value.items())
