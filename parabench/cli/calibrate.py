"""`parabench calibrate`: what can this machine see?"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from parabench.analyse.calibration import Calibration, calibrate
from parabench.cli import _completion
from parabench.cli._output import echo, show
from parabench.cli._parameters import results_option, share
from parabench.cli._runs import make_or_exit, refuse_beside_resume
from parabench.compare.calibrations import store_calibration
from parabench.errors import TooFewSessions
from parabench.history.reader import read_session
from parabench.history.summary import summarise
from parabench.project import pasted, project_of
from parabench.report.calibration_text import calibration_text
from parabench.run.arguments import handed_on
from parabench.run.making import new_run, resumed_run
from parabench.run.state import Arm, Run

SESSIONS_LEAST = 4


@click.command(
    "calibrate",
    context_settings={"ignore_unknown_options": True},
    epilog="Example: parabench calibrate --passes 2 --models sequential,thread-pool,process-pool-fork",
)
@click.option("--sessions", type=click.IntRange(SESSIONS_LEAST), default=16, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the run that was stopped last.")
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@results_option
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=_completion.pytest_arguments)
@click.pass_context
def calibrate_command(
    context: click.Context,
    sessions: int,
    resume: bool,
    threshold: float,
    results: Path,
    pytest_arguments: tuple[str, ...],
) -> None:
    """Run sessions of unchanged code, and tell how often they are called changed and what change would be found.

    PYTEST_ARGUMENTS are handed on to the sessions, which visit every cell twice without --passes or --budget, and are
    stored like any other. The outcome is stored beside them;
    comparisons with a threshold below it say so.

    Exit status: 0, 1 the machine drifted while nothing changed, 2 usage, 130 interrupted.
    """
    root, results = project_of(Path.cwd()).root, results.resolve()
    if resume:
        refuse_beside_resume(context, "sessions", "pytest_arguments")
        run = resumed_run(results)
    else:
        arms = [Arm(label="", python=sys.executable)]
        run = new_run(results, sessions, arms, handed_on(pytest_arguments, root))
    make_or_exit(run, root)
    calibration, folder = _judge(run, threshold)
    show(calibration_text(calibration, width=shutil.get_terminal_size().columns, colour=sys.stdout.isatty()))
    echo(f"Stored as {pasted(folder)}")
    sys.exit(int(calibration.drift.is_found))


def _judge(run: Run, threshold: float) -> tuple[Calibration, Path]:
    """What the sessions of a run show, and where that is stored."""
    sessions = [summarise(read_session(path)) for path in run.stored("")]
    seconds: dict[str, list[float]] = {}
    kinds: dict[str, str] = {}
    for session in sessions:
        for key, number in session.cells():
            seconds.setdefault(key.name, []).append(number)
            kinds[key.name] = key.kind or "unknown"
    whole = {name: values for name, values in seconds.items() if len(values) == len(sessions)}
    if len(sessions) < SESSIONS_LEAST or not whole:
        raise TooFewSessions(len(sessions), SESSIONS_LEAST)
    calibration = calibrate(whole, kinds, threshold=threshold)
    return calibration, store_calibration(sessions[-1].path.parent, calibration)
