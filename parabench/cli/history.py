"""`parabench history`: since when is it so?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import OneOf, cell_argument, results_option, sessions_option, share
from parabench.compare.series import histories_of
from parabench.history.commits import commit_known
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.history.summary import METRICS
from parabench.report.series_text import as_json, details, line


@click.command("history", epilog="Examples: parabench history | parabench history 'count-primes-*' --sessions 3.13")
@cell_argument
@sessions_option("Only these sessions; default: those of the latest one's machine.", default=None)
@results_option
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@click.option("--metric", type=OneOf(METRICS), default="seconds", show_default=True, help="What to show.")
@click.option("--format", "form", type=OneOf(["table", "json"]), default="table", show_default=True)
def history_command(
    cell: str | None, sessions: str | None, results: Path, threshold: float, metric: str, form: str
) -> None:
    """Show how cells went over time: a line for each, or, for CELL (a name or a pattern), every level and every change.

    A change is a step by more than the threshold that a search over the whole series finds and a test confirms, with
    the commits between which it came. Exit status: 0, 2 usage.
    """
    summaries = read_summaries(results)
    for problem in summaries.problems:
        echo(f"parabench: left out: {problem}", err=True)
    chosen = select(sessions or "latest", summaries.sessions, commit_known)
    if sessions is None:
        chosen = [session for session in summaries.sessions if session.machine_id == chosen[0].machine_id]
    histories = histories_of(chosen, cell, threshold, metric)
    encoding = sys.stdout.encoding
    if form == "json":
        echo(json.dumps({"histories": [as_json(history) for history in histories]}, indent=2))
    elif cell is None:
        width = max((len(history.cell) for history in histories), default=0)
        for history in histories:
            name, _, rest = line(history, encoding=encoding).partition("  ")
            echo(f"{name:{width}}  {rest}")
    else:
        echo("\n\n".join(details(history, encoding=encoding) for history in histories))
