"""`parabench run`: replicates on demand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from parabench.cli import _completion
from parabench.cli._output import echo, show
from parabench.cli._parameters import install_option, results_option, share
from parabench.cli._runs import arms_of_interpreters, make_or_exit, refuse_beside_resume, refuse_twice
from parabench.compare.calibrations import with_calibration
from parabench.compare.comparison import compare_sessions
from parabench.compare.interpreter_ratios import interpreter_ratios
from parabench.compare.witness import with_cpu
from parabench.history.commits import commit_of
from parabench.history.reader import read_session
from parabench.history.sessions import read_summaries
from parabench.history.summary import summarise
from parabench.project import pasted, project_of
from parabench.report.comparison_table import as_table
from parabench.report.interpreter_table import interpreter_text
from parabench.report.page.refresh import refreshed
from parabench.run.arguments import handed_on
from parabench.run.making import new_run, resumed_run
from parabench.run.state import Arm, Run


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True},
    epilog="Examples: parabench run --sessions 8 --tag before | parabench run --rev main --rev HEAD --sessions 8 "
    "--workloads mine | parabench run --resume",
)
@click.option("--sessions", type=click.IntRange(1), default=8, show_default=True, help="Sessions (of each revision).")
@click.option("--rev", "revisions", multiple=True, metavar="REV", help="Compare git revisions; give it twice or more.")
@click.option(
    "--python",
    "interpreters",
    multiple=True,
    metavar="NAME",
    help="Compare interpreters: 3.13, 3.14t, pypy3.11, a path, 3.14+jit; the first is the baseline.",
)
@install_option
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped last.")
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@results_option
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=_completion.pytest_arguments)
@click.pass_context
def run_command(
    context: click.Context,
    sessions: int,
    revisions: tuple[str, ...],
    interpreters: tuple[str, ...],
    requirements: tuple[str, ...],
    resume: bool,
    threshold: float,
    results: Path,
    pytest_arguments: tuple[str, ...],
) -> None:
    """Run sessions in fresh processes one after another, and store each; PYTEST_ARGUMENTS are handed on.

    No session races: each visits every chosen cell twice, or as often as --passes says, so that all sessions have the
    same cells. With --budget alone they race.

    Hash seed, size of the environment and working directory vary from session to session and are recorded, because
    they vary between users and move times by per cents. With --rev, sessions of the revisions alternate in random
    order, each in a work tree of its own but with the installed libraries of this environment; a comparison follows.
    With --python, those of the interpreters do, each in an environment of its own (made once and kept); a table of
    workload x model x interpreter follows.

    Exit status: 0, 1 something slower or a session that failed, 2 usage, 130 interrupted.
    """
    root, results = project_of(Path.cwd()).root, results.resolve()
    if resume:
        refuse_beside_resume(context, "sessions", "revisions", "interpreters", "requirements", "pytest_arguments")
        run = resumed_run(results)
    else:
        arguments = handed_on(pytest_arguments, root)
        run = new_run(results, sessions, _arms(root, revisions, interpreters, requirements), arguments)
    make_or_exit(run, root)
    sys.exit(_report(run, threshold))


def _arms(
    root: Path, revisions: tuple[str, ...], interpreters: tuple[str, ...], requirements: tuple[str, ...]
) -> list[Arm]:
    """What is compared. Raises UsageError, GitFailed, or what is wrong with an interpreter."""
    if revisions and interpreters:
        raise click.UsageError("--rev and --python compare different things: run one after the other")
    if len(revisions) == 1:
        raise click.UsageError("--rev compares revisions: give it twice, such as --rev main --rev HEAD")
    refuse_twice("--rev", revisions)
    arms = [Arm(label=name, python=sys.executable, commit=commit_of(root, name)) for name in revisions]
    return arms_of_interpreters(root, interpreters, requirements, arms or [Arm(label="", python=sys.executable)])


def _report(run: Run, threshold: float) -> int:
    """Say what was stored and, of several arms, what changed; returns the exit status."""
    failed = sum(done.exit_status != 0 for done in run.done)
    for arm in run.arms:
        files = run.stored(arm.label)
        numbers = ", ".join(path.name.partition("_")[0] for path in files)
        echo(f"{arm.label or 'stored'}: {len(files)} sessions, {numbers} in {pasted(files[0].parent)}")
    if failed:
        echo(f"{failed} sessions had failed cells: their reasons are in the files")
    for line in refreshed(run.results):
        echo(line)
    if run.arms[0].is_interpreter:
        ratios = interpreter_ratios({arm.label: run.blocks(arm.label) for arm in run.arms})
        show("\n" + interpreter_text(ratios, colour=sys.stdout.isatty()))
        return int(failed > 0)
    if len(run.arms) < 2:
        return int(failed > 0)
    status = int(failed > 0)
    store = read_summaries(run.results).sessions
    base, *others = run.arms
    for arm in others:
        echo(f"\n{arm.label} against {base.label}:")
        old, new = ([summarise(read_session(path)) for path in run.stored(side.label)] for side in (base, arm))
        # Revisions are compared to see what their source does.
        comparison = compare_sessions(old, new, store, across={"source"}, threshold=threshold)
        comparison = with_cpu(with_calibration(comparison), store, across={"source"})
        colour, width = sys.stdout.isatty(), shutil.get_terminal_size().columns
        show(as_table(comparison, width=width, colour=colour, everything=False))
        status |= any(verdict.verdict == "slower" for verdict in comparison.verdicts)
    return status
