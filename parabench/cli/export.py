"""`parabench export`: what was measured, for other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click

from parabench.cli._output import echo, show
from parabench.cli._parameters import OneOf, cell_argument, results_option, sessions_option
from parabench.errors import NotExportable, UnknownName
from parabench.history.commits import commit_known
from parabench.history.details import read_details
from parabench.history.long_format import COLUMNS, rows_of
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.report.export_text import as_csv, as_json_array, as_markdown, as_trace

_FORMS = ("csv", "json", "markdown", "trace")


@click.command(
    "export",
    epilog="Examples: parabench export --output rounds.csv | parabench export 'count-primes-*' --sessions 3-10 "
    "--format json | parabench export --format trace --output trace.json",
)
@cell_argument
@sessions_option("Which; `trace`: the last one.")
@results_option
@click.option("--format", "form", type=OneOf(["csv", "json", "markdown", "trace"]), default="csv", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead.")
def export_command(cell: str | None, sessions: str, results: Path, form: str, output: Path | None) -> None:
    """Write the rounds of sessions, of CELL (a name or a pattern) or of all, one record a round, with stable columns.

    As `trace` it is the timeline of every traced task in Chrome's trace events, which ui.perfetto.dev, chrome://tracing
    and viztracer open. Exit status: 0, 2 usage.
    """
    summaries = read_summaries(results)
    for problem in summaries.problems:
        echo(f"parabench: left out: {problem}", err=True)
    paths = [session.path for session in select(sessions, summaries.sessions, commit_known)]
    _write(_trace(paths[-1], cell) if form == "trace" else _rows(paths, cell, form), output)


def _rows(paths: Sequence[Path], cell: str | None, form: str) -> Iterator[str]:
    rows = [row for row in rows_of(paths) if cell is None or fnmatchcase(row["cell"] or row["benchmark"], cell)]
    if not rows:
        raise UnknownName("cell", cell or "*", {row["cell"] or row["benchmark"] for row in rows_of(paths)})
    if form == "json":
        return as_json_array(rows)
    return as_csv(rows, COLUMNS) if form == "csv" else as_markdown(rows, COLUMNS)


def _trace(path: Path, cell: str | None) -> Iterator[str]:
    details = read_details(path)
    names = {stored.fullname: stored.cell.text for stored in details.session.benchmarks if stored.cell is not None}
    known = {names[name]: timeline for name, timeline in details.timelines.items() if name in names}
    chosen = {name: timeline for name, timeline in known.items() if cell is None or fnmatchcase(name, cell)}
    if not known:
        raise NotExportable(path.name)
    if not chosen:
        raise UnknownName("traced cell", cell or "*", known)
    return as_trace(chosen, session=path.name, machine=details.session.machine_id)


def _write(parts: Iterable[str], output: Path | None) -> None:
    if output is None:
        for part in parts:
            show(part)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        raise NotExportable(str(output), error.strerror or str(error)) from None
