"""What verbs that make runs share: say where a run is, and end with the right exit status when it does not end well."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from parabench.cli._output import echo
from parabench.errors import ParabenchError
from parabench.machine.abilities import must_be_able
from parabench.project import tests_among
from parabench.run.making import make
from parabench.run.state import Run

#: What a shell reports of a command that Ctrl-C has ended.
INTERRUPTED = 130


def from_root(arguments: Iterable[str], root: Path) -> tuple[str, ...]:
    """Arguments of pytest with tests by their path from the project's root, where revisions are checked out as well."""
    found = list(arguments)
    for place in tests_among(found, Path.cwd()):
        path, separator, name = found[place].partition("::")
        found[place] = f"{os.path.relpath(path, root)}{separator}{name}"
    return tuple(found)


def make_or_exit(run: Run, root: Path) -> None:
    """Make all turns of a run that are left. Exits with 130 when it was stopped, with 1 when a turn cannot be made."""
    must_be_able("measuring")
    try:
        finished = make(run, root, lambda line: echo(line, err=True))
    except ParabenchError as error:
        echo(f"parabench: {error}", err=True)
        sys.exit(1)
    if not finished:
        echo(f"stopped with {len(run.left)} of {len(run.turns)} sessions left: --resume goes on")
        sys.exit(INTERRUPTED)
