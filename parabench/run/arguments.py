"""The arguments of pytest in a run: which name tests and folders of the project, and which are not to be stored."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from parabench.errors import PasswordGiven
from parabench.history.remote import is_url
from parabench.project import tests_among
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


def handed_on(arguments: Iterable[str], root: Path) -> tuple[str, ...]:
    """Arguments of pytest as a run keeps them: tests by their path from the project's root, scratch by its whole path.

    Revisions are checked out elsewhere, with the same tests. They share the scratch folder: it is no part of them.
    Raises PasswordGiven.
    """
    found = list(arguments)
    _refuse_passwords(found)
    for place in tests_among(found, Path.cwd(), WITH_VALUE):
        path, separator, name = found[place].partition("::")
        found[place] = f"{os.path.relpath(path, root)}{separator}{name}"
    return tuple(with_whole_folders(found, root, SCRATCH))


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
