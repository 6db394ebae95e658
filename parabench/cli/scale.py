"""`parabench scale`: with how many workers?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click

from parabench.analyse.scaling_law import COUNTS_LEAST
from parabench.cli import _completion
from parabench.cli._output import echo
from parabench.cli._parameters import OneOf, install_option, results_option
from parabench.cli._runs import arms_of_interpreters, make_or_exit, refuse_beside_resume
from parabench.errors import InvalidOption, NothingToScale, SeveralMachines
from parabench.explain.scaling_of_models import counts_for, overtakings_of, scalings_of
from parabench.history.commits import commit_known
from parabench.history.reader import read_session
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.machine.cores import cores_usable
from parabench.project import project_of
from parabench.report.scaling_text import scaling_text
from parabench.run.making import new_run, resumed_run
from parabench.run.state import Arm, Run
from parabench.session.option_checks import CHECKS

SESSIONS_LEAST = 5
#: Fewer numbers of workers show no scaling, and nothing is told of them.
COUNTS_TO_COMPARE = 2
ARMS = [Arm(label="", python=sys.executable)]


@click.command(
    "scale",
    epilog="Examples: parabench scale count-primes --workers 1,2,4,8,16 | "
    "parabench scale github-mocked-aiohttp --models asyncio,thread-pool | "
    "parabench scale count-primes --models thread-pool --python 3.14 --python 3.13t | parabench scale --stored 12-16",
)
@click.argument("workloads", nargs=-1, shell_complete=_completion.workloads)
@click.option("--workers", metavar="N,N", help="Default: powers of two up to four times the usable cores.")
@click.option(
    "--models", metavar="NAME,NAME", shell_complete=_completion.models, help="Default: all that run by default."
)
@click.option(
    "--sessions",
    type=click.IntRange(SESSIONS_LEAST),
    default=SESSIONS_LEAST,
    show_default=True,
    help="Sessions (on each interpreter).",
)
@click.option(
    "--python",
    "interpreters",
    multiple=True,
    metavar="NAME",
    help="On each of these: 3.14, 3.13t, and where they cross.",
)
@install_option
@click.option(
    "--stored", metavar="TEXT", shell_complete=_completion.sessions, help="Measure nothing: these stored sessions."
)
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped last.")
@results_option
@click.option("--format", "form", type=OneOf(["text", "json"]), default="text", show_default=True)
@click.pass_context
def scale_command(
    context: click.Context,
    workloads: tuple[str, ...],
    workers: str | None,
    models: str | None,
    sessions: int,
    interpreters: tuple[str, ...],
    requirements: tuple[str, ...],
    stored: str | None,
    resume: bool,
    results: Path,
    form: str,
) -> None:
    """Measure WORKLOADS with several numbers of workers, and tell the law: the best number, what is lost beyond it.

    Sessions run in fresh processes and are stored like any other; a law is fitted to what they have in common, with
    the sessions as replicates. "No law fits" is an answer, too. With --python, sessions of the interpreters take
    turns, and where one overtakes another with the same model is told as well.

    Exit status: 0, 1 a session failed, 2 usage, 130 interrupted.
    """
    root, results = project_of(Path.cwd()).root, results.resolve()
    if stored is not None:
        if interpreters:
            raise click.UsageError("--stored measures nothing: leave out --python")
        files = {"": dict(enumerate(_stored(results, stored)))}
    elif resume:
        refuse_beside_resume(context, "sessions", "workers", "models", "interpreters", "requirements")
        files = _made(resumed_run(results), root)
    else:
        arguments = _arguments(workloads, workers, models)  # what is wrong there is said before anything is installed
        arms = arms_of_interpreters(root, interpreters, requirements, ARMS)
        files = _made(new_run(results, sessions, arms, arguments), root)
    _tell(files, _names(workloads), as_json=form == "json")


def _made(run: Run, root: Path) -> dict[str, dict[int, Path]]:
    """Files of the sessions by interpreter and block, once all are made."""
    make_or_exit(run, root)
    return {arm.label: run.blocks(arm.label) for arm in run.arms}


def _tell(files: Mapping[str, Mapping[int, Path]], wanted: Sequence[str], *, as_json: bool) -> None:
    """Laws and crossings of the workloads that are wanted. Raises NothingToScale."""
    sessions = {label: {place: read_session(path) for place, path in of.items()} for label, of in files.items()}
    scalings = [scaling for scaling in scalings_of(sessions) if _is_among(scaling.workload, wanted)]
    if not scalings:
        raise NothingToScale([path.name for of in files.values() for path in of.values()], wanted)
    overtakings = [place for place in overtakings_of(sessions) if _is_among(place.workload, wanted)]
    if as_json:
        laws = {"scalings": [scaling.stored() for scaling in scalings]}
        echo(json.dumps(laws | {"crossings": [place.stored() for place in overtakings]}, indent=2))
    else:
        echo(scaling_text(scalings, overtakings))


def _arguments(workloads: tuple[str, ...], workers: str | None, models: str | None) -> tuple[str, ...]:
    """What the sessions are told."""
    if not workloads:
        raise click.UsageError("name the workloads to scale, or sessions that have been stored with --stored")
    counts = ",".join(map(str, _counts(workers)))
    options = [f"--workloads={','.join(workloads)}", f"--workers={counts}", "--passes=1"]
    return (*options, *([f"--models={models}"] if models else []))


def _counts(workers: str | None) -> Sequence[int]:
    """The numbers of workers to measure: what they cannot tell is said before hours are spent on them.

    Raises InvalidOption for those that could tell nothing at all.
    """
    if not workers:
        return counts_for(cores_usable())
    counts: Sequence[int] = CHECKS["--workers"]("--workers", workers)
    if len(counts) < COUNTS_TO_COMPARE:
        raise InvalidOption("--workers", workers, f"several numbers, {COUNTS_LEAST} for a law, such as 1,2,4,8,16")
    if len(counts) < COUNTS_LEAST:
        echo(
            f"parabench: a law needs {COUNTS_LEAST} numbers of workers, and there are {len(counts)}: medians and where "
            "models cross will be told, but no law",
            err=True,
        )
    return counts


def _stored(results: Path, text: str) -> list[Path]:
    """The files of the sessions that a text means. Raises SeveralMachines."""
    summaries = read_summaries(results)
    for problem in summaries.problems:
        echo(f"parabench: left out: {problem}", err=True)
    sessions = select(text, summaries.sessions, commit_known)
    machines = Counter(session.machine_id for session in sessions)
    if len(machines) > 1:
        first = _names([text])[0]
        machine = select(first, sessions, commit_known)[0].machine_id
        raise SeveralMachines("--stored", text, machines, f"{first}&machine:{machine}")
    return [session.path for session in sessions]


def _names(texts: Iterable[str]) -> list[str]:
    """What stands between commas."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _is_among(workload: str, patterns: Collection[str]) -> bool:
    """Whether sessions that were told these patterns measure it; without patterns they measure all."""
    return not patterns or any(fnmatchcase(workload, pattern) for pattern in patterns)
