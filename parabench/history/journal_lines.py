"""The lines of a session's journal: what a visit, a failure and the checks say, and how they become records again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from parabench.records import (
    Cell,
    CellRecord,
    Concern,
    Disturbance,
    Instrumented,
    SampledRound,
    Serialisation,
    Trace,
    TraceCost,
    TracedRound,
    Unavailable,
    Visit,
)


def visit_line(record: CellRecord, visit: Visit, instrumented: Instrumented | None, seconds: float) -> dict[str, Any]:
    """The line of a visit that ended well, `seconds` after the session began."""
    return {
        "cell": record.cell.id,
        "seconds": seconds,
        "tasks": record.tasks,
        "visit": asdict(visit),
        "instrumented": asdict(instrumented) if instrumented else None,
    }


def warnings_line(concerns: Sequence[Concern], seconds: float) -> dict[str, Any]:
    """The line of what the checks before measuring said."""
    return {"warnings": [asdict(concern) for concern in concerns], "seconds": seconds}


def failure_line(record: CellRecord, seconds: float) -> dict[str, Any]:
    """The line of a cell that failed."""
    return {"cell": record.cell.id, "seconds": seconds, "failure": record.failure}


def apply(line: Mapping[str, Any], record: CellRecord) -> None:
    """Put what a line says into the record of its cell."""
    if "failure" in line:
        record.failure = line["failure"]
        return
    record.tasks = line["tasks"]
    record.visits.append(_visit_of(line["visit"]))
    if line["instrumented"] is not None:
        record.instrumented = _instrumented_of(line["instrumented"])


def _instrumented_of(fields: Mapping[str, Any]) -> Instrumented:
    others = tuple(
        TracedRound(**{**other, "traces": _traces_of(other["traces"])}) for other in fields.get("other_rounds", ())
    )
    cost = fields.get("trace_cost")
    sent, sampled = fields.get("serialisation"), fields.get("sampled")
    read = {
        "other_rounds": others,
        "trace_cost": None if cost is None else TraceCost(**cost),
        "serialisation": None if sent is None else Serialisation(**sent),
        "sampled": None if sampled is None else SampledRound(**sampled),
    }
    return Instrumented(**{**fields, **read, "traces": _traces_of(fields["traces"])})


def _traces_of(rows: Sequence[Sequence[Any]]) -> tuple[Trace, ...]:
    return tuple(Trace(*row) for row in rows)


def visit_of_today(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a visit under the names that they have now: journals of earlier versions have `gil_enabled`."""
    values = dict(fields)
    if isinstance(pair := values.get("gil_enabled"), list) and len(pair) == 2:
        values["gil_enabled_at_start"], values["gil_enabled_at_end"] = values.pop("gil_enabled")
    return values


def _visit_of(fields: Mapping[str, Any]) -> Visit:
    names = ("seconds_per_round", "findings", "seconds_warm_up")
    fields = visit_of_today(fields)
    values = {**fields, **{name: tuple(fields[name]) for name in names if name in fields}}
    values["disturbed"] = tuple(
        Disturbance(**{**disturbance, "seconds_set_aside": tuple(disturbance["seconds_set_aside"])})
        for disturbance in fields.get("disturbed", ())
    )
    return Visit(**values)


def cell_of(fields: Mapping[str, Any]) -> Cell:
    """The cell that a header names."""
    known = {field.name: fields[field.name] for field in dataclasses.fields(Cell)}
    if known["unavailable"] is not None:
        known["unavailable"] = Unavailable(**known["unavailable"])
    return Cell(**known)
