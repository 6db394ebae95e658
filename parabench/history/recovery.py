"""Turn a journal that a crash has left behind into a stored session, without running anything."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parabench.analyse.timeline_json import timelines_info
from parabench.errors import HistoryUnreadable, InvalidWorkload
from parabench.history import store
from parabench.history.reader import read_session
from parabench.history.session_file import Circumstances, Provenance, extra_info, parabench_object, provenance_of
from parabench.history.session_journal import Unfinished
from parabench.history.stock_statistics import stock_statistics
from parabench.machine.fingerprint import machine_info
from parabench.models.contract import Model
from parabench.records import CellRecord
from parabench.workload import Limit, Workload, source_hash

_UNKNOWN = Limit(None, "recovered from a journal, where what the law depends on is not kept")


def recover(
    unfinished: Unfinished, workloads: Mapping[str, Workload], models: Mapping[str, Model], root: Path
) -> tuple[Path | None, int]:
    """Store what an unfinished session has measured, marked `interrupted`; its journal is left where it is.

    Returns the stored file and its number of benchmarks; the file the session was stored in when it was interrupted, if
    that holds all of it (else it is replaced: Ctrl-C may come when a visit is in the journal and not yet in what is
    stored); None when nothing valid had been measured. `workloads` and `models` are asked only about journals that do
    not say themselves what they measured: raises InvalidWorkload when such a one's code has changed since.
    """
    header, folder = unfinished.entries.header, unfinished.path.parent
    records = unfinished.records()
    benchmarks = [
        _benchmark(record, records, cell["item"], _provenance(record, header, workloads, models), header)
        for record, cell in zip(records, header["cells"], strict=True)
        if record.valid
    ]
    partial = folder / unfinished.stored_as if unfinished.stored_as else None
    rounds = sum(len(benchmark["stats"]["data"]) for benchmark in benchmarks)
    stored = partial if partial is not None and _rounds_in(partial) >= rounds else None
    if stored is None and benchmarks:
        time, commit = re.sub(r"[^0-9]", "", header["started"])[:14], header["commit"]
        session = {
            "machine_info": machine_info(header["fingerprint"]),
            "commit_info": commit,
            "benchmarks": benchmarks,
            "datetime": header["started"],
            "version": importlib.metadata.version("pytest-benchmark"),
            "parabench": parabench_object(
                records,
                header["fingerprint"],
                header["options"],
                _circumstances(unfinished),
                root,
            ),
        }
        stored = store.save(folder, f"{commit.get('id', 'unversioned')}_{time[:8]}_{time[8:]}_recovered", session)
        if partial is not None:
            store.remove(partial)
    return stored, len(benchmarks)


def _rounds_in(stored: Path) -> int:
    """Rounds of the cells that a session's file holds; 0 if it is not there, or cannot be read."""
    try:
        session = read_session(stored)
    except HistoryUnreadable:
        return 0
    return sum(len(benchmark.seconds or ()) for benchmark in session.benchmarks if benchmark.model is not None)


def _circumstances(unfinished: Unfinished) -> Circumstances:
    header = unfinished.entries.header
    return Circumstances(
        interrupted=True,
        noisy=header.get("noisy", False),
        tags=tuple(header.get("tags", ())),
        run=header.get("run"),
        warnings=unfinished.warnings,
    )


def set_aside(path: Path) -> Path:
    """Give a damaged journal a name under which nobody takes it for an unfinished session; returns its new path."""
    aside = path.with_name(f"{path.name.removeprefix('.')}.damaged")
    while aside.exists():
        aside = aside.with_name(f"{aside.name}.again")
    return path.rename(aside)


def _provenance(
    record: CellRecord, header: Mapping[str, Any], workloads: Mapping[str, Workload], models: Mapping[str, Model]
) -> Provenance:
    """What a cell's numbers come from, as its journal says: the code of today may be another."""
    cell, external_services = record.cell, header["options"].get("external_services", ())
    workload, model = (
        header.get(part, {}).get(name) for part, name in (("workloads", cell.workload), ("models", cell.model))
    )
    if workload is None or model is None:  # an older journal
        external = models[cell.model].is_external(external_services)
        return provenance_of(_unchanged(record, header, workloads), models[cell.model], external=external)
    libraries = {name: header["libraries"].get(name) for name in (*model["libraries"], *workload["libraries"])}
    libraries = {name: version for name, version in libraries.items() if version is not None}
    external = model["address"] is not None and model["address"] in external_services
    return Provenance(
        client=workload["client"],
        source_hash=header["sources"].get(cell.workload),
        family=model["family"],
        start_method=model["start_method"],
        event_loop=model["event_loop"],
        libraries=libraries | ({"service": "external"} if external else {}),
    )


def _unchanged(record: CellRecord, header: Mapping[str, Any], workloads: Mapping[str, Workload]) -> Workload:
    name = record.cell.workload
    workload = workloads.get(name)
    if workload is None or source_hash(workload.module) != header["sources"].get(name):
        raise InvalidWorkload(
            name,
            "its source is not what the unfinished session measured; check out that revision first, or give the "
            "session up with 'parabench recover --discard'",
        )
    return workload


def _benchmark(
    record: CellRecord,
    records: Sequence[CellRecord],
    item: str,
    provenance: Provenance,
    header: Mapping[str, Any],
) -> dict[str, Any]:
    cell = record.cell
    watts_per_core = header["options"].get("watts_per_core")  # older journals have none
    seconds = [value for visit in record.visits for value in visit.seconds_per_round]
    return {
        "group": cell.workload,
        "name": item.rpartition("::")[2],
        "fullname": item,
        "params": {"workload": cell.workload, "model": cell.model, "workers": cell.workers, "size": cell.size},
        "param": cell.id,
        "extra_info": extra_info(
            record,
            provenance,
            _UNKNOWN,
            timeline=timelines_info(record, records),
            watts_per_core=watts_per_core,
        ),
        "options": {},
        "stats": stock_statistics(seconds),
    }
