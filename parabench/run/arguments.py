"""The arguments of pytest in a run: tests and folders of the project, what is not to be stored, how often to visit."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from parabench.analyse.race import PASSES_LEAST
from parabench.errors import PasswordGiven
from parabench.history.remote import is_url
from parabench.project import Project, tests_among
from parabench.session.option_table import OPTIONS
from parabench.workers.environment import BROKER_VARIABLE

#: What our options that take a value are called: what follows one of them is no test.
WITH_VALUE = frozenset(
    name for entry in OPTIONS if entry.metavar for name in (entry.flag, entry.long_flag, entry.alias) if name
)
_ADDRESSES = frozenset(
    name for entry in OPTIONS if entry.metavar == "ADDRESS" for name in (entry.flag, entry.long_flag)
)
#: The part before a password has neither colon nor bracket: addresses in names of tests are none of ours.
_PASSWORD_IN_URL = re.compile(r"[^:\[]*://(?:[^@]*:[^@]+@|.*[?&]password=)")
_PASSWORD_BEFORE_HOST = re.compile(r"[^@]*:[^@]+@")
SCRATCH = ("--scratch", "--parabench-scratch")
FOLDERS = (*SCRATCH, "--results", "--parabench-results", "--workloads-dir", "--parabench-workloads-dir")
#: Passes of a session of a run: as many as a race makes in any case, so a cell has visits as often in both.
PASSES = PASSES_LEAST
#: Options that say how often a session visits its cells; with a budget alone it races.
_HOW_OFTEN = [entry for entry in OPTIONS if entry.flag in ("--passes", "--budget")]


def handed_on(arguments: Iterable[str], root: Path) -> tuple[str, ...]:
    """Arguments of pytest as a run keeps them: tests by their path from the project's root, scratch by its whole path.

    Revisions are checked out elsewhere, with the same tests. They share the scratch folder: it is no part of them.
    Raises PasswordGiven.
    """
    kept = list(arguments)
    _refuse_passwords(kept)
    for place in tests_among(kept, Path.cwd(), WITH_VALUE):
        path, separator, name = kept[place].partition("::")
        kept[place] = f"{os.path.relpath(path, root)}{separator}{name}"
    return tuple(with_whole_folders(kept, root, SCRATCH))


def with_whole_folders(arguments: Sequence[str], root: Path, options: Sequence[str] = FOLDERS) -> list[str]:
    """The arguments with folders of the project by their whole path, joined to their option; a URL stays as it is."""
    given = iter(arguments)
    whole: list[str] = []
    for argument in given:
        name, joined, value = argument.partition("=")
        if argument == "--":
            return [*whole, argument, *given]
        if name not in options:
            whole.append(argument)
            continue
        folder = value if joined else next(given, None)
        if folder is None:
            whole.append(argument)
        else:
            whole.append(f"{name}={folder and whole_folder(folder, root)}")  # an empty one means none
    return whole


def whole_folder(folder: str, root: Path) -> str:
    """A folder of the project by its whole path; a URL as it is."""
    return folder if is_url(folder) else str(root / folder)


def plain(arguments: Sequence[str], project: Project, environment: Mapping[str, str]) -> list[str]:
    """The arguments of a session that visits every cell equally often, unless somebody has said how often.

    A race leaves out what is behind: then sessions would not have visited the same cells, which are to be compared.
    """
    added = (environment.get("PYTEST_ADDOPTS", ""), project.arguments_added)
    names = {argument.partition("=")[0] for text in added for argument in _split(text)}
    names |= {argument.partition("=")[0] for argument in arguments}
    said = any(project.ini.get(entry.ini) or names & {entry.flag, entry.long_flag} for entry in _HOW_OFTEN)
    return list(arguments) if said else [f"--passes={PASSES}", *arguments]


def _split(text: str) -> list[str]:
    """The arguments in a text; pytest itself complains of one with an open quotation mark."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _refuse_passwords(arguments: Iterable[str]) -> None:
    for option, value in _values(arguments):
        if _PASSWORD_IN_URL.match(value) or (option in _ADDRESSES and _PASSWORD_BEFORE_HOST.match(value)):
            raise PasswordGiven(option, BROKER_VARIABLE)


def _values(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is given to options, joined or after a space, each with the option; other arguments with the one before."""
    before = "an argument"
    for argument in arguments:
        if argument.startswith("-"):
            before, _, value = argument.partition("=")
            yield before, value
        else:
            yield before, argument
