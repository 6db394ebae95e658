"""The user's project as pytest finds it: its root directory, and what its ini file says of parabench."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import ProjectUnreadable

#: Options of pytest that are followed by a value, which may be called like a file.
_WITH_VALUE = {"-k", "-m", "-p", "-o", "-c", "-W", "-r", "-n", "--rootdir", "--override-ini", "--config-file"}
_TRUE = ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True)
class Project:
    """Where the project is, and what it says of parabench in `pytest.ini`, `pyproject.toml` or the like."""

    root: Path
    #: None where pytest finds none.
    ini_file: Path | None
    #: Ini options whose name begins with parabench_, as text.
    ini: Mapping[str, str]
    #: Arguments that pytest takes from the ini file before those of the command line.
    arguments_added: str = ""

    def has(self, flag: str) -> bool:
        """Whether the ini file switches this on."""
        return self.ini.get(flag, "").lower() in _TRUE

    def folder(self, ini_name: str, default: str) -> Path:
        """A folder that the ini file may name; relative to the root."""
        return self.root / (self.ini.get(ini_name) or default)


def project_of(folder: Path) -> Project:
    """The project that a folder is in, found by pytest's own search. Raises ProjectUnreadable for a broken ini file."""
    from _pytest.config.exceptions import UsageError
    from _pytest.config.findpaths import determine_setup
    from _pytest.outcomes import Failed

    try:
        root, ini_file, values, *_ = determine_setup(
            inifile=None, override_ini=None, args=[str(folder)], rootdir_cmd_arg=None, invocation_dir=folder
        )
    except (UsageError, Failed, OSError, ValueError) as error:
        raise ProjectUnreadable(folder, error) from error
    settings = {name: getattr(value, "value", value) for name, value in values.items()}  # as texts, until pytest 9
    ours = {name: _as_text(value) for name, value in settings.items() if name.startswith("parabench_")}
    added = settings.get("addopts", "")
    return Project(root, ini_file, ours, shlex.join(added) if isinstance(added, list) else str(added))


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def pasted(path: Path) -> str:
    """A path as it can be pasted behind a command that is given where this one was."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def is_test(argument: str, folder: Path) -> bool:
    """Whether an argument of pytest names a file or folder that there is."""
    return not argument.startswith("-") and (folder / argument.partition("::")[0]).exists()


def tests_among(arguments: Iterable[str], folder: Path, with_value: Collection[str]) -> list[int]:
    """Places of the arguments that name tests; relative paths are taken from the folder.

    `with_value` are options, besides those of pytest, that are followed by a value, which may be called like a file.
    """
    places, follows = [], False
    for place, argument in enumerate(arguments):
        if not follows and is_test(argument, folder):
            places.append(place)
        follows = argument in _WITH_VALUE or argument in with_value
    return places
