"""From which length of a task a model overtakes the sequential one, by model and, in a run, by interpreter."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from parabench.analyse.across import Crossing
from parabench.report.quantities import seconds_text
from parabench.report.rendering import TABLE_WIDTH, render


def crossings_table(crossings: Mapping[str, Mapping[str, Crossing]], *, colour: bool) -> str:
    """`crossings` holds them by model and column (interpreter); sizes are seconds per task under `sequential`."""
    if not crossings:
        return ""
    columns = list(dict.fromkeys(column for of_model in crossings.values() for column in of_model))
    table = Table(box=None, pad_edge=False)
    table.add_column("overtakes sequential from tasks of", no_wrap=True)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for model, of_model in crossings.items():
        table.add_row(model, *(_told(of_model.get(column)) for column in columns))
    return render([table], width=TABLE_WIDTH, colour=colour)


def _told(crossing: Crossing | None) -> str:
    if crossing is None:
        return "-"
    if crossing.at is not None and crossing.low is not None and crossing.high is not None:
        low, high = seconds_text(crossing.low), seconds_text(crossing.high)
        return f"{seconds_text(crossing.at)} [{low}, {high}]"
    if crossing.high is not None:
        return f"below {seconds_text(crossing.high)}"
    return f"above {seconds_text(crossing.low)}" if crossing.low is not None else "unknown"
