"""What a machine can see, as text."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parabench.analyse.calibration import DRIFT_LEVEL, Calibration
from parabench.report.rendering import TABLE_WIDTH, render


def calibration_text(calibration: Calibration, *, width: int, colour: bool) -> str:
    """A table by kind of work, one by how the sides took turns, and whether the machine drifted."""
    table = Table(box=None, pad_edge=False)
    for name in ("kind", "cells", "between sessions", "smallest slow-down found", "false alarms"):
        table.add_column(name, justify="left" if name == "kind" else "right", no_wrap=True)
    for kind, of_kind in calibration.kinds.items():
        seen = "none" if of_kind.detectable is None else f"{100 * of_kind.detectable:.1f} %"
        alarms = f"{100 * of_kind.false_alarms:.2f} %"
        table.add_row(kind, str(of_kind.cells), f"{100 * of_kind.spread:.1f} %", seen, alarms)
    splits = Table(box=None, pad_edge=False)
    splits.add_column("sides dealt out in", no_wrap=True)
    splits.add_column("cells called changed")
    splits.add_row(
        "random order", f"any in {100 * calibration.any_false_alarm:.0f} % of {calibration.splits} comparisons"
    )
    for name, cells in calibration.called.items():
        splits.add_row(name, f"{len(cells)}: {', '.join(cells)}" if cells else "none")
    parts: list[RenderableType] = [
        Text(
            f"n = {calibration.sessions} sessions of {calibration.cells} cells, nothing changed. "
            "smallest slow-down found: in 90 % "
            f"of cases, with {calibration.sessions_a_side} sessions a side, in turns. "
            "false alarms: share of cells called "
            f"changed by {calibration.threshold:.0%} or more when the sessions are dealt out to two sides at random.",
            style="dim",
        ),
        Text(_drift_text(calibration), style="bold red" if calibration.drift.is_found else "dim"),
    ]
    tables: list[RenderableType] = [table, splits]
    return render(tables, width=TABLE_WIDTH, colour=colour) + render(parts, width=width, colour=colour)


def _drift_text(calibration: Calibration) -> str:
    drift = calibration.drift
    size = (
        f"second half / first half {drift.halves:.3f} in the median; what changes slowly has a standard deviation of "
        f"{100 * drift.slow:.1f} %; p {drift.p:.2g}"
    )
    if drift.is_found:
        return (
            f"The machine drifted ({size}). Sides that are not measured in turns cannot be compared on it; look for "
            "other programs, throttling or neighbours, and calibrate again."
        )
    return f"No drift found ({size}, of which {DRIFT_LEVEL:.0%} and less counts as a drift)."
