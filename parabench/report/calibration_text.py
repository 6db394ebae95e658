"""What a machine can see, as text."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from parabench.analyse.calibration import SESSIONS_A_SIDE, Calibration
from parabench.report.terminal import TABLE_WIDTH, render


def calibration_text(found: Calibration, *, width: int, colour: bool) -> str:
    """A table by kind of work, and what the false alarms were."""
    table = Table(box=None, pad_edge=False)
    for name in ("kind", "cells", "between sessions", "smallest slow-down found", "false alarms"):
        table.add_column(name, justify="left" if name == "kind" else "right", no_wrap=True)
    for kind, one in found.kinds.items():
        seen = "none" if one.detectable is None else f"{100 * one.detectable:.1f} %"
        alarms = f"{100 * one.false_alarms:.2f} %"
        table.add_row(kind, str(one.cells), f"{100 * one.spread:.1f} %", seen, alarms)
    halves = ", ".join(found.called_in_halves) or "none"
    told: list[RenderableType] = [
        Text(
            f"n = {found.sessions} sessions of {found.cells} cells, nothing changed. smallest slow-down found: in 90 % "
            f"of cases, with {SESSIONS_A_SIDE} sessions a side. false alarms: share of cells called changed by "
            f"{found.threshold:.0%} or more when the sessions are dealt out to two sides at random, {found.splits} "
            f"times; {100 * found.any_false_alarm:.0f} % of these comparisons had any. Called between the first half "
            f"of the sessions and the second, which a drift of the machine would show in: {halves}.",
            style="dim",
        )
    ]
    return render([table], width=TABLE_WIDTH, colour=colour) + render(told, width=width, colour=colour)
