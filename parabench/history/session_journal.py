"""A session's journal in terms of cells: the plan it began with, what each visit found, and how to go on with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parabench.errors import NothingToResume, PlanDiffers
from parabench.history import journal
from parabench.history.format_1 import renamed
from parabench.history.journal import Entries, Journal
from parabench.machine.fingerprint import COMPARABLE, take_fingerprint, versions_of
from parabench.models.contract import Model
from parabench.records import CellRecord, Concern, Instrumented, Trace, Visit
from parabench.workload import Workload, source_hash

#: Parts of a header that have to be the same for a session to go on.
_PLAN = ("options", "cells", "sources", "libraries")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A journal that no living session holds."""

    path: Path
    entries: Entries

    @property
    def told(self) -> str:
        """What the user has to know about it."""
        visits = sum("visit" in line for line in self.entries.lines)
        return f"the unfinished session of {self.entries.header['started']} ({visits} visits, {self.path})"

    @property
    def seconds_spent(self) -> float:
        """How long the session had run at its last line."""
        return max((line["seconds"] for line in self.entries.lines), default=0.0)

    @property
    def stored_as(self) -> str | None:
        """Name of the file the session was stored in when it was interrupted; None after a crash."""
        return next((line["stored"] for line in reversed(self.entries.lines) if "stored" in line), None)

    @property
    def warnings(self) -> list[dict[str, str]]:
        """What the checks before measuring said, each time the session began or went on; nothing twice."""
        said = [warning for line in self.entries.lines for warning in line.get("warnings", ())]
        return [warning for place, warning in enumerate(said) if warning not in said[:place]]

    def records(self) -> list[CellRecord]:
        """What it had measured, by cell, in the plan's order; cells without any line included."""
        records = {cell["id"]: CellRecord(_cell_of(cell)) for cell in self.entries.header["cells"]}
        for line in self.entries.lines:
            if "cell" in line:
                apply(line, records[line["cell"]])
        return list(records.values())


def unfinished(folder: Path) -> list[Unfinished]:
    """Every journal left behind in a folder, oldest first. Raises JournalDamaged."""
    found = [Unfinished(path, _of_today(journal.read(path))) for path in journal.orphans(folder)]
    return sorted(found, key=lambda one: str(one.entries.header["started"]))


def _of_today(entries: Entries) -> Entries:
    """Entries with the names that options and fields of cells have now; the file stays as it is."""
    header = dict(entries.header)
    header["options"] = renamed(header["options"])
    header["cells"] = [
        {("workers_named" if name == "workers_in_id" else name): value for name, value in cell.items()}
        for cell in header["cells"]
    ]
    return dataclasses.replace(entries, header=header)


def to_resume(results: Path, folder: Path, fingerprint: Mapping[str, Any]) -> Unfinished:
    """The youngest unfinished session of this fingerprint. Raises NothingToResume, naming those of others."""
    found = unfinished(folder)
    if found:
        return found[-1]
    elsewhere = []
    for other in sorted(path for path in results.glob("*") if path.is_dir() and path != folder):
        for one in unfinished(other):
            theirs = one.entries.header["fingerprint"]
            differences = [
                f"{part} is {fingerprint.get(part)!r} here, {theirs.get(part)!r} there"
                for part in COMPARABLE
                if fingerprint.get(part) != theirs.get(part)
            ]
            elsewhere.append(f"{other.name}: {'; '.join(differences)}")
    raise NothingToResume(folder, elsewhere)


def begin(folder: Path, header: Mapping[str, Any]) -> Journal:
    """Start a session's journal; `header` holds its plan, fingerprint and commit."""
    now = datetime.now(UTC)
    return Journal.begin(folder, f"{now:%Y%m%d-%H%M%S-%f}", {"started": now.isoformat(timespec="seconds"), **header})


def header_of(
    options: Mapping[str, Any],
    items: Mapping[str, CellRecord],
    workloads: Mapping[str, Workload],
    models: Mapping[str, Model],
    commit: Mapping[str, Any],
) -> dict[str, Any]:
    """A session's plan, its fingerprint and its commit."""
    used = {name: workloads[name] for name in sorted({record.cell.workload for record in items.values()})}
    libraries = {name for record in items.values() for name in models[record.cell.model].libraries}
    libraries |= {name for workload in used.values() for name in workload.libraries}
    return {
        "options": dict(options),
        "cells": cells_of_header(items),
        "sources": {name: source_hash(workload.task.__module__) for name, workload in used.items()},
        "libraries": versions_of(tuple(sorted(libraries))),
        "fingerprint": take_fingerprint(),
        "commit": dict(commit),
    }


def check_same_plan(header: Mapping[str, Any], planned: Mapping[str, Any]) -> None:
    """Raise PlanDiffers, saying what, unless the journal's session and this one would measure the same."""
    differences = []
    for part in _PLAN:
        there, here = header.get(part), planned[part]
        if part == "cells":
            there, here = ({cell["id"]: cell for cell in cells or []} for cells in (there, here))
        if there == here:
            continue
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            # An option that the journal does not know is None: nobody had asked for it.
            keys = [str(key) for key in {**there, **here} if there.get(key) != here.get(key)]
            if not keys:
                continue
            differences.append(f"{part}: {', '.join(keys[:5])}{' ...' if len(keys) > 5 else ''}")
        else:
            differences.append(part)
    if differences:
        raise PlanDiffers(differences)


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
        fields = line["instrumented"]
        record.instrumented = Instrumented(**{**fields, "traces": tuple(Trace(*trace) for trace in fields["traces"])})


def _visit_of(fields: Mapping[str, Any]) -> Visit:
    names = ("seconds_per_round", "findings", "seconds_warm_up")
    values = {**fields, **{name: tuple(fields[name]) for name in names if name in fields}}
    if "gil_enabled" in values:  # a journal of an earlier version has one pair
        values["gil_enabled_at_start"], values["gil_enabled_at_end"] = values.pop("gil_enabled")
    return Visit(**values)


def _cell_of(fields: Mapping[str, Any]) -> Any:
    from parabench.records import Cell, Unavailable

    known = {field.name: fields[field.name] for field in dataclasses.fields(Cell)}
    if known["unavailable"] is not None:
        known["unavailable"] = Unavailable(**known["unavailable"])
    return Cell(**known)


def cells_of_header(items: Mapping[str, CellRecord]) -> Sequence[dict[str, Any]]:
    """The cells of a plan for a header, each with its id and the name of the test item that measures it."""
    return [{**asdict(record.cell), "id": record.cell.id, "item": item} for item, record in items.items()]
