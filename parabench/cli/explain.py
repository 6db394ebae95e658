"""`parabench explain`: why is it so slow?"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import OneOf, cell_argument, results_option, sessions_option
from parabench.errors import InvalidOption, NothingToExplain
from parabench.explain.evidence import evidence_of
from parabench.explain.explanation import explain_session
from parabench.explain.thrift import GRAMS_PER_KWH, WATTS, WATTS_SOURCE, thrift_of
from parabench.history.commits import commit_known
from parabench.history.reader import read_session
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.history.stored import StoredSession
from parabench.report.explanation_text import brief, details
from parabench.report.thrift_text import thrift_text


@click.command(
    "explain",
    epilog="Examples: parabench explain | parabench explain count-primes-thread-pool | "
    "parabench explain 'no-op-*' --sessions 12 --format json",
)
@cell_argument
@sessions_option("Which; the last of several.")
@results_option
@click.option("--watts", metavar="IDLE,BUSY", help="Watts of a core, to estimate energy; default: averages of a cloud.")
@click.option("--grid", metavar="COUNTRY|G", help="Show energy and CO2e: a country, or grams per kWh.")
@click.option("--format", "form", type=OneOf(["text", "json"]), default="text", show_default=True)
def explain_command(
    cell: str | None, sessions: str, results: Path, watts: str | None, grid: str | None, form: str
) -> None:
    """Tell what holds the cells of a session: a sentence for each family; for CELL (a name or a pattern) all of it.

    Where a batch's time went is a split of it; what holds a cell follows from that by rules. With --watts or --grid it
    tells the energy of a thousand tasks instead: as counted by the machine, or estimated. Exit status: 0, 2 usage.
    """
    per_core, grams = _watts(watts), _grams(grid)
    summaries = read_summaries(results)
    for problem in summaries.problems:
        echo(f"parabench: left out: {problem}", err=True)
    session = read_session(select(sessions, summaries.sessions, commit_known)[-1].path)
    if watts is not None or grid is not None:
        _show_thrift(session, cell, per_core, grams, watts, grid, form)
        return
    explanations = explain_session(session)
    chosen = [explanation for explanation in explanations if cell is None or fnmatchcase(explanation.cell, cell)]
    if not chosen:
        raise NothingToExplain(session.path.name, cell, [explanation.cell for explanation in explanations])
    if form == "json":
        cells = [explanation.stored() for explanation in chosen]
        echo(json.dumps({"session": session.path.name, "cells": cells}, indent=2))
    else:
        echo(brief(chosen) if cell is None else "\n\n".join(details(explanation) for explanation in chosen))


def _show_thrift(
    session: StoredSession,
    cell: str | None,
    per_core: tuple[float, float],
    grams: float | None,
    watts: str | None,
    grid: str | None,
    form: str,
) -> None:
    drawn = [(evidence, thrift_of(evidence, per_core, grams)) for evidence in evidence_of(session)]
    known = [
        (evidence, thrift)
        for evidence, thrift in drawn
        if thrift and (cell is None or fnmatchcase(evidence.cell.text, cell))
    ]
    if not known:
        raise NothingToExplain(session.path.name, cell, [evidence.cell.text for evidence, _ in drawn])
    if form == "json":
        cells = [{"cell": evidence.cell.text, **asdict(thrift)} for evidence, thrift in known]
        echo(json.dumps({"session": session.path.name, "cells": cells}, indent=2))
    else:
        source = WATTS_SOURCE if watts is None else "--watts"
        echo(
            thrift_text(known, watts=f"{per_core[0]:g} W idle and {per_core[1]:g} W busy a core ({source})", grid=grid)
        )


def _watts(text: str | None) -> tuple[float, float]:
    """Idle and busy watts of a core. Raises InvalidOption."""
    if text is None:
        return WATTS
    try:
        idle, busy = (float(part) for part in text.split(","))
    except ValueError:
        idle, busy = math.nan, math.nan
    if not (math.isfinite(busy) and 0 <= idle <= busy):
        raise InvalidOption("--watts", text, "idle and busy watts of a core, such as 0.74,3.5")
    return idle, busy


def _grams(text: str | None) -> float | None:
    """Grams of CO2e per kWh. Raises InvalidOption."""
    if text is None:
        return None
    try:
        grams = GRAMS_PER_KWH.get(text.strip().lower()) or float(text)
    except ValueError:
        grams = math.nan
    if not (math.isfinite(grams) and grams >= 0):
        raise InvalidOption("--grid", text, f"grams of CO2e per kWh, or one of {', '.join(GRAMS_PER_KWH)}")
    return grams
