"""`parabench history`: since when is it so?"""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from parabench.analyse.change_points import change_points
from parabench.cli.compare import commit_of
from parabench.cli.parameters import results_option, share
from parabench.errors import UnknownName
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.history.summary import CellKey, SessionSummary
from parabench.report.comparison import short_name
from parabench.report.series import CellHistory, Point, as_json, details, line

_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@click.command("history", epilog="Examples: parabench history | parabench history 'count-primes-*' --sessions 3.13")
@click.argument("cell", required=False)
@click.option("--sessions", metavar="TEXT", help="Only these sessions; default: those of the latest one's machine.")
@results_option
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def history_command(cell: str | None, sessions: str | None, results: Path, threshold: float, form: str) -> None:
    """Show how cells went over time: a line for each, or, for CELL (a name or a pattern), every level and every change.

    A change is a step by more than the threshold that a search over the whole series finds and a test confirms, with
    the commits between which it came. Exit status: 0, 2 usage.
    """
    found = read_summaries(results)
    for problem in found.problems:
        click.echo(f"parabench: left out: {problem}", err=True)
    chosen = select(sessions or "latest", found.sessions, commit_of)
    if sessions is None:
        chosen = [session for session in found.sessions if session.machine_id == chosen[0].machine_id]
    histories = _histories(chosen, cell, threshold)
    encoding = sys.stdout.encoding
    if form == "json":
        click.echo(json.dumps({"histories": [as_json(one) for one in histories]}, indent=2))
    elif cell is None:
        width = max((len(one.cell) for one in histories), default=0)
        for one in histories:
            name, _, rest = line(one, encoding=encoding).partition("  ")
            click.echo(f"{name:{width}}  {rest}")
    else:
        click.echo("\n\n".join(details(one, encoding=encoding) for one in histories))


def _histories(sessions: Sequence[SessionSummary], pattern: str | None, threshold: float) -> list[CellHistory]:
    """The history of every cell that a pattern means, by name. Raises UnknownName when it means none."""
    series: dict[tuple[str, str], list[tuple[SessionSummary, CellKey, float]]] = {}
    for session in sorted(sessions, key=lambda one: (one.datetime or _LONG_AGO, one.number or 0)):
        for key, seconds in session.cells:
            if seconds > 0:
                series.setdefault((key.name, session.machine_id), []).append((session, key, seconds))
    if pattern is not None:
        names = {name: short_name(name) for name, _ in series}
        wanted = {name for name, short in names.items() if fnmatch.fnmatch(short, pattern) or name == pattern}
        if not wanted:
            raise UnknownName("cell", pattern, names.values())
        series = {which: entries for which, entries in series.items() if which[0] in wanted}
    return [_history(name, machine, entries, threshold) for (name, machine), entries in sorted(series.items())]


def _history(
    name: str, machine: str, entries: Sequence[tuple[SessionSummary, CellKey, float]], threshold: float
) -> CellHistory:
    """One cell as it is now: sessions of another source or other libraries are counted and left out."""
    now = entries[-1][1]
    same = [entry for entry in entries if entry[1] == now]
    points = [
        Point(number=session.number, commit=session.commit_id, moment=session.datetime, seconds=seconds)
        for session, _, seconds in same
    ]
    series = change_points([point.seconds for point in points], threshold=threshold)
    return CellHistory(
        cell=short_name(name), machine_id=machine, points=points, series=series, others=len(entries) - len(same)
    )
