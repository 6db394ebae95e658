"""What verbs that make runs share: say where a run is, and end with the right exit status when it does not end well."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from parabench.cli._output import echo
from parabench.errors import ParabenchError
from parabench.machine.abilities import must_be_able
from parabench.run.arms import interpreter_arms
from parabench.run.making import make
from parabench.run.state import Arm, Run

#: What a shell reports of a command that Ctrl-C has ended.
INTERRUPTED = 130


def refuse_beside_resume(context: click.Context, *names: str) -> None:
    """Raise UsageError when something was given that the run to go on with has been told already.

    `names` are parameters of the verb.
    """
    given: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in names or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(parameter, click.Option):
            given.append(parameter.opts[0])
        elif context.params[name]:
            given.append(parameter.human_readable_name)
    if given:
        raise click.UsageError(f"--resume goes on with the run as it was asked for: leave out {', '.join(given)}")


def arms_of_interpreters(
    root: Path, interpreters: Sequence[str], requirements: Sequence[str], default: Sequence[Arm]
) -> list[Arm]:
    """What `--python` and `--install` ask for; without them the default.

    Raises UsageError, or what is wrong with an interpreter.
    """
    if requirements and not interpreters:
        raise click.UsageError("--install says what --python's environments need, too: give --python as well")
    refuse_twice("--python", interpreters)
    if not interpreters:
        return list(default)
    return interpreter_arms(root, interpreters, requirements, lambda line: echo(line, err=True))


def refuse_twice(option: str, names: Sequence[str]) -> None:
    """Raise UsageError when an option that compares was given one name twice."""
    if len(set(names)) < len(names):
        raise click.UsageError(f"{option} was given the same name twice: {', '.join(names)}")


def make_or_exit(run: Run, root: Path) -> None:
    """Make all turns of a run that are left. Exits with 130 when it was stopped, with 1 when a turn cannot be made."""
    must_be_able("measuring")
    try:
        finished = make(run, root, lambda line: echo(line, err=True))
    except ParabenchError as error:
        echo(f"parabench: {error}", err=True)
        sys.exit(1)
    if not finished:
        with contextlib.suppress(OSError):  # the terminal may be gone: that, too, stops a run
            echo(f"stopped with {len(run.left)} of {len(run.turns)} sessions left: --resume goes on")
        sys.exit(INTERRUPTED)
