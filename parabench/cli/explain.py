"""`parabench explain`: why is it so slow?"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import results_option
from parabench.errors import NothingToExplain
from parabench.explain.explanation import explain_session
from parabench.history.commits import commit_known
from parabench.history.reader import read_session
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.report.explanation_text import brief, details


@click.command(
    "explain",
    epilog="Examples: parabench explain | parabench explain count-primes-thread-pool | "
    "parabench explain 'no-op-*' --sessions 12 --format json",
)
@click.argument("cell", required=False)
@click.option("--sessions", metavar="TEXT", default="latest", show_default=True, help="Which; the last of several.")
@results_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain_command(cell: str | None, sessions: str, results: Path, form: str) -> None:
    """Tell what holds the cells of a session: a sentence for each family; for CELL (a name or a pattern) all of it.

    Where a batch's time went is a split of it; what holds a cell follows from that by rules. Exit status: 0, 2 usage.
    """
    found = read_summaries(results)
    for problem in found.problems:
        echo(f"parabench: left out: {problem}", err=True)
    session = read_session(select(sessions, found.sessions, commit_known)[-1].path)
    explanations = explain_session(session)
    chosen = [one for one in explanations if cell is None or fnmatchcase(one.cell, cell)]
    if not chosen:
        raise NothingToExplain(session.path.name, cell, [one.cell for one in explanations])
    if form == "json":
        echo(json.dumps({"session": session.path.name, "cells": [one.stored() for one in chosen]}, indent=2))
    else:
        echo(brief(chosen) if cell is None else "\n\n".join(details(one) for one in chosen))
