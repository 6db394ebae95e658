"""`parabench export`: what is stored, in the form of other tools."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import results_option
from parabench.errors import UnknownName
from parabench.history.commits import commit_known
from parabench.history.details import read_details
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.report.trace_events import trace_of


@click.command(
    "export",
    epilog="Examples: parabench export --format trace | parabench export 'count-primes-*' --output primes.json",
)
@click.argument("cell", required=False)
@click.option("--sessions", metavar="TEXT", default="latest", show_default=True, help="Which; the last of several.")
@results_option
@click.option(
    "--format", "form", type=click.Choice(["trace"]), default="trace", show_default=True, help="For Perfetto."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: trace.json.")
def export_command(cell: str | None, sessions: str, results: Path, form: str, output: Path | None) -> None:
    """Write the traced rounds of a session, of CELL (a name or a pattern) only, as a trace for Perfetto.

    Open the file on ui.perfetto.dev, which keeps it in the browser, or in chrome://tracing. Exit status: 0, 2 usage.
    """
    found = read_summaries(results)
    for problem in found.problems:
        echo(f"parabench: left out: {problem}", err=True)
    details = read_details(select(sessions, found.sessions, commit_known)[-1].path)
    names = {one.fullname: one.cell.text for one in details.session.benchmarks if one.cell is not None}
    traced = {names[name]: timeline for name, timeline in details.timelines.items() if name in names}
    chosen = {name: one for name, one in traced.items() if cell is None or fnmatchcase(name, cell)}
    if not chosen:
        raise UnknownName("traced cell", cell or "*", traced)
    path = output or Path("trace.json")
    path.write_text(json.dumps(trace_of(chosen), separators=(",", ":")), encoding="utf-8")
    echo(str(path))
