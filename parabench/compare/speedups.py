"""The speed-ups that stored sessions of one machine showed, for those that come after them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from parabench.history.summary import CellKey, SessionSummary
from parabench.records import CellId


def log_speedups(
    stored: Iterable[SessionSummary], machine_id: str, cells: Mapping[CellId, CellKey], *, baseline: str = "sequential"
) -> dict[CellId, list[float]]:
    """Log of seconds of the baseline / seconds of each of these cells, one for each session that measured both.

    A session counts if it is of the same machine, neither interrupted nor noisy, and if it measured cell and baseline
    with the source and the libraries that `cells` has for them. A cell whose baseline is not among them has none.
    """
    references = {(cell.workload, cell.size): key for cell, key in cells.items() if cell.model == baseline}
    logs_by_cell: dict[CellId, list[float]] = {cell: [] for cell in cells if cell.model != baseline}
    for session in stored:
        if session.machine_id != machine_id or session.interrupted or session.noisy:
            continue
        seconds = dict(session.cells())
        for cell, logs in logs_by_cell.items():
            reference = references.get((cell.workload, cell.size))
            alone, taken = seconds.get(reference) if reference else None, seconds.get(cells[cell])
            if alone and taken:
                logs.append(math.log(alone / taken))
    return logs_by_cell
