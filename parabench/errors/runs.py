"""Runs of many sessions: revisions, interpreters, histories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from parabench.errors.base import LISTED_MOST, ParabenchError, UsageError, meant

if TYPE_CHECKING:  # workers import this module, and need no paths
    from pathlib import Path


class RunDamaged(ParabenchError):
    """The record of a run of several sessions that cannot be read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"the record {path} of an unfinished run cannot be read: {problem}; remove it to begin anew")


class NoUnfinishedRun(UsageError):
    """--resume without anything to go on with."""

    def __init__(self, results: Path) -> None:
        super().__init__(f"there is no unfinished run in {results}")


class PasswordGiven(UsageError):
    """An address with a password among the arguments of a run, which are stored."""

    def __init__(self, option: str, variable: str) -> None:
        super().__init__(
            f"{option} has a password in it, and what a run is told is stored: put the address of a broker into "
            f"${variable}, which every session inherits, and leave passwords out of other addresses"
        )


class TooFewSessions(ParabenchError):
    """A calibration without enough whole sessions."""

    def __init__(self, sessions: int, least: int) -> None:
        super().__init__(
            f"{sessions} sessions with a cell that all of them measured say nothing: {least} are needed at least, and "
            "cells that do not fail"
        )


class GitFailed(UsageError):
    """A git command that did not do what a run needs."""

    def __init__(self, arguments: Iterable[str], problem: str) -> None:
        super().__init__(f"git {' '.join(arguments)} failed: {problem}")


class RunExtraMissing(UsageError):
    """Interpreters are found, and their environments made, by libraries of an extra."""

    def __init__(self, library: str, cause: BaseException) -> None:
        super().__init__(f"--python needs {library} ({cause}): pip install 'parabench[run]'")


class InterpreterNotFound(UsageError):
    """A name that no interpreter of this machine answers to."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        lines = [f"    {path}" for path in known[:LISTED_MOST]] or ["    none"]
        if len(known) > LISTED_MOST:
            lines.append(f"    and {len(known) - LISTED_MOST} more")
        close = meant(name, {path.rsplit("/", 1)[-1].rstrip(")") for path in known})
        super().__init__(
            f"no interpreter answers to '{name}'{close.rstrip('?')}. Found on this machine:\n" + "\n".join(lines) + "\n"
            f"'uv python install {name}' would get it"
        )


class InterpreterUnusable(UsageError):
    """A program that is no Python, or none that parabench runs on."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"'{name}' cannot be used: {problem}; name another with --python")


class InterpreterLacks(UsageError):
    """A switch of an interpreter that it does not have."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"'{name}' cannot be had: this build has not got {what}")


class SameInterpreter(UsageError):
    """Two names for one interpreter: they would be compared with themselves."""

    def __init__(self, first: str, second: str, executable: str) -> None:
        super().__init__(f"'{first}' and '{second}' are the same interpreter, {executable}: name each once")


class EnvironmentNotMade(ParabenchError):
    """An environment that could not be made for an interpreter."""

    def __init__(self, interpreter: str, step: str, lines: Iterable[str]) -> None:
        shown = "\n".join(f"    {line}" for line in lines)
        super().__init__(f"there is no environment for {interpreter}: '{step}' failed:\n{shown}")


class InstallerMissing(ParabenchError):
    """An environment into which nothing can be installed."""

    def __init__(self, python: str) -> None:
        super().__init__(
            f"nothing can be installed for {python}: it has no pip, and there is no uv that works on PATH; "
            f"'{python} -m ensurepip' adds pip, on Debian and Ubuntu 'apt install python3-venv'"
        )


class SessionNotRun(ParabenchError):
    """A session of a run that did not come to its end."""

    def __init__(self, number: int, arm: str, status: int, lines: Iterable[str]) -> None:
        of_arm = f" of {arm}" if arm else ""
        shown = "\n".join(f"    {line}" for line in lines)
        super().__init__(
            f"session {number}{of_arm} did not run to its end (exit status {status}):\n{shown}\n"
            "mend it and go on with parabench run --resume; the sessions before it are stored"
        )
