"""The tables of `parabench list`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from parabench.report.rendering import render

#: Narrower than this the tables would be unreadable, so they are allowed to run over the edge.
WIDTH_LEAST = 100


def listing(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Workloads and models as two tables; `rows` are those of `parabench list --format json`."""
    workloads = _table("Workloads", "name", "kind", "tasks", "workers", "what it does")
    for row in rows["workloads"]:
        text = Text(row["description"])
        if row["reason"]:
            text.append(f" Not by default: {row['reason']}", style="yellow")
        workloads.add_row(row["name"], row["kind"], str(row["tasks_small"]), str(row["workers"]), text)
    models = _table("Models", "name", "family", "ready", "what it is")
    for row in rows["models"]:
        text = Text(row["description"])
        if row["reason"]:
            text.append(f"\n{row['reason']}", style="yellow")
        if row["install"]:
            text.append(f"\n{row['install']}", style="cyan")
        models.add_row(row["name"], row["family"], "yes" if row["ready"] else "no", text)
    note = Text("tasks: per batch at --size small. workers: used without --workers on this machine.", style="dim")
    width = max(WIDTH_LEAST, shutil.get_terminal_size().columns)
    return render([workloads, note, Text(), models], width=width, colour=sys.stdout.isatty())


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == "name")
    return table
