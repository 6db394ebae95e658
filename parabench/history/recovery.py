"""Turn a journal that a crash has left behind into a stored session, without running anything."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parabench.analyse.timeline import timeline_of
from parabench.analyse.timeline_json import timeline_info
from parabench.errors import InvalidWorkload
from parabench.history import store
from parabench.history.session_file import Circumstances, extra_info, parabench_object
from parabench.history.session_journal import Unfinished
from parabench.history.stock_statistics import stock_statistics
from parabench.machine.fingerprint import machine_info
from parabench.models.contract import Model
from parabench.records import CellRecord
from parabench.workload import Limit, Workload, source_hash

_UNKNOWN = Limit(None, "recovered from a journal, where what the law depends on is not kept")


def recover(
    one: Unfinished, workloads: Mapping[str, Workload], models: Mapping[str, Model], root: Path
) -> tuple[Path | None, int]:
    """Store what an unfinished session has measured, marked `interrupted`, and remove its journal.

    Returns the stored file and its number of benchmarks; the file the session was stored in when it was interrupted, if
    it was; None when nothing valid had been measured. Raises InvalidWorkload when the code has changed since.
    """
    header, folder = one.entries.header, one.path.parent
    records = one.records()
    benchmarks = [
        _benchmark(
            record, records, cell["item"], _unchanged(record, header, workloads), models[record.cell.model], header
        )
        for record, cell in zip(records, header["cells"], strict=True)
        if record.valid
    ]
    stored = folder / one.stored_as if one.stored_as else None
    if stored is None and benchmarks:
        time = re.sub(r"[^0-9]", "", header["started"])[:14]
        commit = header["commit"]
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
                _circumstances(one),
                root,
            ),
        }
        stored = store.save(folder, f"{commit.get('id', 'unversioned')}_{time[:8]}_{time[8:]}_recovered", session)
    one.path.unlink()
    return stored, len(benchmarks)


def _circumstances(one: Unfinished) -> Circumstances:
    header = one.entries.header
    return Circumstances(
        interrupted=True,
        noisy=header.get("noisy", False),
        tags=tuple(header.get("tags", ())),
        run=header.get("run"),
        warnings=one.warnings,
    )


def _unchanged(record: CellRecord, header: Mapping[str, Any], workloads: Mapping[str, Workload]) -> Workload:
    name = record.cell.workload
    workload = workloads.get(name)
    if workload is None or source_hash(workload.task.__module__) != header["sources"][name]:
        raise InvalidWorkload(
            name, "its source is not what the unfinished session measured; check out that revision first"
        )
    return workload


def _benchmark(
    record: CellRecord,
    records: Sequence[CellRecord],
    item: str,
    workload: Workload,
    model: Model,
    header: Mapping[str, Any],
) -> dict[str, Any]:
    cell = record.cell
    watts_per_core = header["options"].get("watts_per_core")  # older journals have none
    timeline = timeline_info(timeline_of(record, records))
    seconds = [value for visit in record.visits for value in visit.seconds_per_round]
    return {
        "group": cell.workload,
        "name": item.rpartition("::")[2],
        "fullname": item,
        "params": {"workload": cell.workload, "model": cell.model, "workers": cell.workers, "size": cell.size},
        "param": cell.id,
        "extra_info": extra_info(
            record,
            workload,
            model,
            _UNKNOWN,
            timeline=timeline,
            watts_per_core=watts_per_core,
            external=model.is_external(header["options"].get("external_services", ())),
        ),
        "options": {},
        "stats": stock_statistics(seconds),
    }
