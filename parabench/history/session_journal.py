"""A session's journal in terms of cells: the plan it began with, what each visit found, and how to go on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parabench.errors import JournalDamaged, NothingToResume, PlanDiffers
from parabench.history import journal
from parabench.history.format_1 import header_of_today
from parabench.history.journal import Entries, Journal
from parabench.history.journal_check import fault_of_header, fault_of_line
from parabench.history.journal_lines import apply, cell_of
from parabench.machine.fingerprint import COMPARABLE, take_fingerprint, versions_of
from parabench.models import BASELINE, baseline_is_added
from parabench.models.contract import Model
from parabench.records import CellRecord
from parabench.workload import Workload, source_hash

#: Parts of a header that have to be the same for a session to go on.
_PLAN = ("options", "cells", "sources", "libraries")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A journal that no living session holds."""

    path: Path
    entries: Entries

    @property
    def description(self) -> str:
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
        header = self.entries.header
        added = BASELINE if baseline_is_added(header["options"].get("models", ())) else None
        records = {
            cell["id"]: CellRecord(cell_of(cell), added_as_baseline=cell["model"] == added) for cell in header["cells"]
        }
        for line in self.entries.lines:
            if "cell" in line:
                apply(line, records[line["cell"]])
        return list(records.values())


@dataclass(frozen=True, slots=True)
class Damaged:
    """A journal that no living session holds, and that is not as it was written."""

    path: Path
    #: What can be used of it; None when nothing can, because its plan is lost.
    good: Unfinished | None
    #: Number and fault of each line that cannot be used; 0 where the line's number is not known.
    dropped: tuple[tuple[int, str], ...]

    @property
    def description(self) -> str:
        """What the user has to know about it."""
        line, fault = self.dropped[0]
        return f"a damaged journal ({self.path}, line {line}: {fault})"


def examined(path: Path) -> Unfinished | Damaged:
    """What a journal holds, every line checked. Raises JournalDamaged when the file cannot be read at all."""
    parts = journal.read_parts(path)
    by_header = [_by_header(path, parts, header) for header in parts.headers]
    usable = [candidate for candidate in by_header if candidate.good is not None]
    if not usable:
        faults = [fault for candidate in by_header for fault in candidate.dropped]
        return Damaged(path, None, tuple(faults or parts.dropped or [(1, "the header is missing")]))
    best = max(
        usable,
        key=lambda candidate: (
            (len(candidate.good.entries.lines), len(candidate.good.entries.header)) if candidate.good else (0, 0)
        ),
    )
    faults = [fault for candidate in by_header if candidate.good is None for fault in candidate.dropped]
    dropped = sorted({*faults, *parts.dropped, *best.dropped})
    if not dropped and best.good is not None:
        return best.good
    return Damaged(path, best.good, tuple(dropped))


def _usable(candidate: Damaged) -> tuple[int, int]:
    """How much can be used of a journal: lines first, then what its plan says."""
    return (len(candidate.good.entries.lines), len(candidate.good.entries.header)) if candidate.good else (0, 0)


def _by_header(path: Path, parts: journal.Parts, header: dict[str, Any]) -> Damaged:
    """What can be used of a journal if this is its plan."""
    header = header_of_today(header)
    if (fault := fault_of_header(header)) is not None:
        return Damaged(path, None, ((1, fault),))
    cells = frozenset(cell["id"] for cell in header["cells"])
    good: list[dict[str, Any]] = []
    dropped: list[tuple[int, str]] = []
    made: set[tuple[str, int]] = set()
    for number, line in zip(parts.numbers, parts.lines, strict=True):
        fault = fault_of_line(line, cells)
        if fault is None and "visit" in line:
            visit = (line["cell"], line["visit"]["pass_number"])
            fault = "this visit stands above already" if visit in made else None
            made.add(visit)
        if fault is None:
            good.append(line)
        else:
            dropped.append((number, fault))
    entries = Entries(header=header, lines=tuple(good), bytes_whole=parts.bytes_whole)
    return Damaged(path, Unfinished(path, entries), tuple(dropped))


def left_behind(folder: Path) -> tuple[list[Unfinished], list[Damaged]]:
    """Every journal left behind in a folder, oldest first: those that are as they were written, and the others."""
    unfinished: list[Unfinished] = []
    damaged: list[Damaged] = []
    for path in journal.orphans(folder):
        try:
            candidate = examined(path)
        except JournalDamaged as error:
            candidate = Damaged(path, None, ((0, error.cause),))
        unfinished.append(candidate) if isinstance(candidate, Unfinished) else damaged.append(candidate)
    return sorted(unfinished, key=lambda candidate: str(candidate.entries.header["started"])), damaged


def reopened(path: Path) -> tuple[Journal, Unfinished]:
    """Go on with a journal, and what it holds now that nobody else can write it.

    Raises JournalInUse, JournalDamaged, or JournalNotWritable.
    """
    opened, _ = Journal.reopen(path)
    candidate = examined(path)
    if isinstance(candidate, Damaged):
        opened.close()
        raise JournalDamaged(path, *candidate.dropped[0])
    return opened, candidate


def to_resume(results: Path, folder: Path, fingerprint: Mapping[str, Any]) -> Unfinished:
    """The youngest unfinished session of this fingerprint. Raises NothingToResume, naming those of others."""
    unfinished, damaged = left_behind(folder)
    if unfinished:
        return unfinished[-1]
    elsewhere = [f"not as it was written: {candidate.description}" for candidate in damaged]
    for other in sorted(path for path in results.glob("*") if path.is_dir() and path != folder):
        for candidate in left_behind(other)[0]:
            theirs = candidate.entries.header["fingerprint"]
            differences = [
                f"{part} is {fingerprint.get(part)!r} here, {theirs.get(part)!r} there"
                for part in COMPARABLE
                if fingerprint.get(part) != theirs.get(part)
            ]
            elsewhere.append(f"unfinished on another fingerprint, {other.name}: {'; '.join(differences)}")
    raise NothingToResume(folder, elsewhere)


def begin(folder: Path, header: Mapping[str, Any]) -> Journal:
    """Start a session's journal; `header` holds its plan, fingerprint and commit. Raises JournalNotBegun."""
    now = datetime.now(UTC)
    plan = {"started": now.isoformat(timespec="seconds"), **header}
    begun = Journal.begin(folder, f"{now:%Y%m%d-%H%M%S-%f}", plan)
    begun.begin_with({"journal": journal.VERSION, **plan})  # once more: without it no other line can be used
    return begun


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
        "sources": {name: source_hash(workload.module) for name, workload in used.items()},
        "libraries": versions_of(tuple(sorted(libraries))),
        "fingerprint": take_fingerprint(),
        "commit": dict(commit),
        # What a stored benchmark says of them, so that it can be stored when they are no longer as they were.
        "workloads": {name: {"client": w.client, "libraries": list(w.libraries)} for name, w in used.items()},
        "models": {name: _described(models[name]) for name in sorted({r.cell.model for r in items.values()})},
    }


def _described(model: Model) -> dict[str, Any]:
    capabilities = model.capabilities
    return {
        "family": model.family,
        "start_method": capabilities.start_method,
        "event_loop": capabilities.event_loop,
        "libraries": list(model.libraries),
        "address": model.address,
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


def cells_of_header(items: Mapping[str, CellRecord]) -> Sequence[dict[str, Any]]:
    """The cells of a plan for a header, each with its id and the name of the test item that measures it."""
    return [{**asdict(record.cell), "id": record.cell.id, "item": item} for item, record in items.items()]
