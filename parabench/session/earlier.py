"""What earlier sessions on this machine say of how much speed-ups differ from session to session."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parabench.analyse.between_sessions import Between, between_sessions
from parabench.compare.speedups import log_speedups
from parabench.history.session_file import provenance_of
from parabench.history.sessions import read_summaries
from parabench.history.summary import CellKey, circumstances_of
from parabench.machine.fingerprint import machine_id, take_fingerprint
from parabench.models.contract import Model
from parabench.records import CellId, CellRecord
from parabench.session.options import Options
from parabench.workload import Workload

#: With fewer degrees of freedom an interval about the machine would be so wide that it says nothing.
DEGREES_LEAST = 3.0


def spread_of_earlier(
    folder: Path,
    records_by_item: Mapping[str, CellRecord],
    workloads: Mapping[str, Workload],
    models: Mapping[str, Model],
    options: Options,
) -> dict[CellId, Between]:
    """How far a session's speed-up of each cell is from the machine's; nothing of cells that no session tells of.

    `folder` holds the sessions of this fingerprint. Sessions of another source of the work, or with other libraries,
    say nothing. Files that cannot be read are left to the commands that read histories, which name them.
    """
    if not folder.is_dir():
        return {}
    keys: dict[CellId, CellKey] = {}
    external = options.stored()["external_services"]
    for item, record in records_by_item.items():
        if record.valid:
            workload, model = workloads[record.cell.workload], models[record.cell.model]
            known = provenance_of(workload, model, external=model.is_external(external))
            circumstances = circumstances_of(dict(known.libraries), known.client, options.latency_seconds)
            keys[record.cell.identity] = CellKey(
                item, record.cell.kind, known.source_hash, circumstances, record.cell.identity
            )
    kinds = {key.cell: key.kind for key in keys.values()}
    logs = log_speedups(read_summaries(folder, cache=False).sessions, machine_id(take_fingerprint()), keys)
    speedups_by_cell = {cell: speedups for cell, speedups in logs.items() if speedups}
    known_of_cells = between_sessions(speedups_by_cell, lambda cell: (models[cell.model].family, kinds[cell]))
    return {cell: between for cell, between in known_of_cells.items() if between.degrees >= DEGREES_LEAST}
