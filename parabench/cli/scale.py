"""`parabench scale`: with how many workers?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from parabench.cli import _completion
from parabench.cli._output import echo
from parabench.cli._parameters import results_option
from parabench.cli._runs import make_or_exit, refuse_beside_resume
from parabench.errors import NothingToScale
from parabench.explain.scaling import counts_for, overtakings_of, scalings_of
from parabench.history.commits import commit_known
from parabench.history.reader import read_session
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.machine.cores import cores_usable
from parabench.project import project_of
from parabench.report.scaling_text import scaling_text
from parabench.run.making import new_run, resumed_run
from parabench.run.state import Arm

SESSIONS_LEAST = 5
ARMS = [Arm(label="", python=sys.executable)]


@click.command(
    "scale",
    epilog="Examples: parabench scale count-primes --workers 1,2,4,8,16 | "
    "parabench scale github-mocked-aiohttp --models asyncio,thread-pool | parabench scale --stored 12-16",
)
@click.argument("workloads", nargs=-1, shell_complete=_completion.workloads)
@click.option("--workers", metavar="N,N", help="Default: powers of two up to four times the usable cores.")
@click.option("--models", metavar="NAME,NAME", help="Default: all that run by default.")
@click.option("--sessions", type=click.IntRange(SESSIONS_LEAST), default=SESSIONS_LEAST, show_default=True)
@click.option("--stored", metavar="TEXT", help="Measure nothing: these stored sessions.")
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped last.")
@results_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def scale_command(
    context: click.Context,
    workloads: tuple[str, ...],
    workers: str | None,
    models: str | None,
    sessions: int,
    stored: str | None,
    resume: bool,
    results: Path,
    form: str,
) -> None:
    """Measure WORKLOADS with several numbers of workers, and tell the law: the best number, what is lost beyond it.

    Sessions run in fresh processes and are stored like any other; a law is fitted to what they have in common, with
    the sessions as replicates. "No law fits" is an answer, too. Exit status: 0, 1 a session failed, 2 usage.
    """
    results = results.resolve()
    if stored is not None:
        found = read_summaries(results)
        for problem in found.problems:
            echo(f"parabench: left out: {problem}", err=True)
        files = [session.path for session in select(stored, found.sessions, commit_known)]
    else:
        if resume:
            refuse_beside_resume(context, "sessions", "workers", "models")
            run = resumed_run(results)
        else:
            run = new_run(results, sessions, ARMS, _arguments(workloads, workers, models))
        make_or_exit(run, project_of(Path.cwd()).root)
        files = run.stored("")
    read = [read_session(path) for path in files]
    scalings = [one for one in scalings_of(read) if not workloads or one.workload in workloads]
    if not scalings:
        raise NothingToScale([path.name for path in files])
    overtakings = [one for one in overtakings_of(read) if not workloads or one.workload in workloads]
    if form == "json":
        found_all = {"scalings": [one.stored() for one in scalings], "crossings": [one.stored() for one in overtakings]}
        echo(json.dumps(found_all, indent=2))
    else:
        echo(scaling_text(scalings, overtakings))


def _arguments(workloads: tuple[str, ...], workers: str | None, models: str | None) -> tuple[str, ...]:
    """What the sessions are told."""
    if not workloads:
        raise click.UsageError("name the workloads to scale, or sessions that have been stored with --stored")
    counts = workers or ",".join(map(str, counts_for(cores_usable())))
    options = [f"--workloads={','.join(workloads)}", f"--workers={counts}", "--passes=1"]
    return (*options, *([f"--models={models}"] if models else []))
