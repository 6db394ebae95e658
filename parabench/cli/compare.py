"""`parabench compare`: did it change?"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from parabench.analyse.verdict import FASTER, SLOWER, UNSURE
from parabench.cli import _completion
from parabench.cli._output import echo, show
from parabench.cli._parameters import OneOf, results_option, share
from parabench.compare.calibrations import with_calibration
from parabench.compare.comparison import ACROSS, compare_sessions
from parabench.compare.witness import with_cpu
from parabench.errors import meant
from parabench.history.commits import commit_known
from parabench.history.selection import is_interpreter, select
from parabench.history.sessions import read_summaries, with_files
from parabench.history.summary import METRICS
from parabench.report.comparison_table import as_json, as_markdown, as_table

_FAIL_ON = {"slower": {SLOWER}, "changed": {SLOWER, FASTER}, "unsure": {SLOWER, UNSURE}, "never": set()}


@click.command(
    "compare",
    epilog="Examples: parabench compare 1-8 9-16 | parabench compare main HEAD | parabench compare 3.13 3.14t | "
    "parabench compare tag:before tag:after --format markdown",
)
@click.argument("base", shell_complete=_completion.sessions)
@click.argument("new", shell_complete=_completion.sessions)
@results_option
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@click.option(
    "--across",
    default="",
    metavar="WHAT",
    help=f"Compare although these differ, separated by commas: {', '.join(ACROSS)}.",
)
@click.option("--metric", type=OneOf(METRICS), default="seconds", show_default=True, help="What to compare.")
@click.option("--fail-on", type=OneOf(sorted(_FAIL_ON)), default="slower", show_default=True)
@click.option("--format", "form", type=OneOf(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("--all", "everything", is_flag=True, help="List the cells that did not change, too.")
def compare_command(
    base: str,
    new: str,
    results: Path,
    threshold: float,
    across: str,
    metric: str,
    fail_on: str,
    form: str,
    everything: bool,
) -> None:
    """Compare the sessions BASE with the sessions NEW: faster, slower, same, or unsure, cell by cell.

    Where times are unsure and CPU time is not, its verdict stands beside theirs. --metric cpu, memory (peak) or joules
    compares that instead: slower is more of it, and decides the exit status.

    A side is one or more of these, separated by commas (or joined by & to hold together): a number or a range of them
    (12, 3-10), a date or a range (2026-11-01..2026-11-05), a tag, a commit or whatever git knows as one, an interpreter
    (3.13, 3.14t, pypy3.11), a machine id, `latest`, or a file.

    Exit status: 0 nothing slower, 1 something slower, 2 usage.
    """
    chosen = _across(across, base, new)
    summaries = read_summaries(results)
    for problem in summaries.problems:
        echo(f"parabench: left out: {problem}", err=True)
    sessions = with_files(summaries.sessions, (base, new))
    sides = [select(text, sessions, commit_known) for text in (base, new)]
    store = summaries.sessions
    comparison = compare_sessions(sides[0], sides[1], store, across=chosen, threshold=threshold, metric=metric)
    comparison = with_cpu(with_calibration(comparison), store, across=chosen, even_if_decided=form == "json")
    if form == "json":
        echo(as_json(comparison), nl=False)
    elif form == "markdown":
        show(as_markdown(comparison, base=base, new=new))
    else:
        colour, width = sys.stdout.isatty(), shutil.get_terminal_size().columns
        show(as_table(comparison, width=width, colour=colour, everything=everything))
    sys.exit(int(any(verdict.verdict in _FAIL_ON[fail_on] for verdict in comparison.verdicts)))


def _across(text: str, base: str, new: str) -> set[str]:
    """What may differ between the sides. Raises UsageError for anything that is none of ACROSS."""
    chosen = {part.strip() for part in text.split(",") if part.strip()}
    if unknown := chosen - set(ACROSS):
        text = min(unknown)
        raise click.UsageError(f"--across '{text}' is none of {', '.join(ACROSS)}{meant(text, ACROSS)}")
    if is_interpreter(base) and is_interpreter(new):
        chosen |= {"fingerprint", "circumstances"}  # interpreters are compared on purpose, and have other wheels
    return chosen
