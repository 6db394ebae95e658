"""Stored sessions read back: our own of any format, and those of pytest-benchmark 3 to 5 in other projects.

A file whose structure is wrong is refused with HistoryUnreadable. In a file with the right structure a value that is
missing or wrong is None, with a reason. docs/results_format.md has the rules.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from parabench.errors import HistoryUnreadable
from parabench.history.files import place_of, printable, session_files, unreadable_file
from parabench.history.stored import StoredBenchmark, StoredPass, StoredSession, StoredWarning, Unmeasured
from parabench.history.stored_session import Malformed, build_session

__all__ = [
    "StoredBenchmark",
    "StoredPass",
    "StoredSession",
    "StoredWarning",
    "Unmeasured",
    "read_folder",
    "read_session",
]

T = TypeVar("T")

#: A larger file is refused before it fills the memory; ten million rounds take a quarter of it.
BYTES_MOST = 2**30
#: Ours are six levels deep. Whoever shows or copies a value of a file does so by recursion, which has its limits.
LEVELS_MOST = 100
#: Half of a pair that stands for one character: valid JSON, but neither a terminal nor a file takes it.
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def read_session(path: Path) -> StoredSession:
    """A stored session.

    Raises HistoryUnreadable, which names the file and what is wrong with it, for anything that is not one, and
    HistoryTooNew for one of a format that a later parabench has made.
    """
    return read_with(path, build_session)


def read_with(path: Path, build: Callable[[Path, Any], T]) -> T:
    """What `build` makes of the path and the JSON value of a file, with the errors of `read_session`."""
    path = Path(path)
    try:
        return build(path, _parsed(_bytes_of(path)))
    except OSError as error:
        raise unreadable_file(path, error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise unreadable_file(path, f"byte {error.start} is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise unreadable_file(path, f"it is not JSON, or cut short: {error}") from error
    except RecursionError as error:
        raise unreadable_file(path, f"it is nested more than {LEVELS_MOST} levels deep") from error
    except MemoryError as error:
        raise unreadable_file(path, "it does not fit into memory") from error
    except ValueError as error:  # its structure, a failed migration, a number of thousands of digits, a NUL in the path
        raise unreadable_file(path, str(error)) from error


def read_folder(results: Path, machine_id: str | None = None) -> tuple[list[StoredSession], list[HistoryUnreadable]]:
    """All sessions below a results folder, or of one machine in it, and an error for each file that cannot be read.

    Both are ordered by machine folder and number. Sessions are the files whose names begin with a number, in the
    folder and in its sub-folders, no deeper; each is read once, whatever links lead to it. Never raises: a folder that
    is not there has no sessions.
    """
    sessions: list[StoredSession] = []
    files, unreadable = session_files(results, machine_id)
    for path, _ in files:
        try:
            sessions.append(read_session(path))
        except HistoryUnreadable as error:
            unreadable.append(error)
    unreadable.sort(key=lambda error: place_of(error.path))
    return sessions, unreadable


def _bytes_of(path: Path) -> bytes:
    """The content of a regular file: a pipe would be waited for, and a device may never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Malformed("it is a folder" if stat.S_ISDIR(status.st_mode) else "it is not a regular file")
        if status.st_size > BYTES_MOST:
            raise Malformed(f"it has {status.st_size:,} bytes; at most {BYTES_MOST:,} are read")
        with open(descriptor, "rb", closefd=False) as file:  # what was looked at is what is read
            return file.read()
    finally:
        os.close(descriptor)


def _parsed(data: bytes) -> Any:
    if not data.strip():
        raise Malformed("it is empty")
    text = data.decode("utf-8-sig")  # an editor may have put a byte order mark in front
    content = json.loads(text)
    if _levels(content) > LEVELS_MOST:
        raise RecursionError
    return _with_whole_characters(content) if _HALF_CHARACTER.search(text) else content


def _levels(content: Any) -> int:
    """How deeply containers are nested in a JSON value, as far as LEVELS_MOST and one more."""
    level = [content] if isinstance(content, list | dict) else []
    depth = 0
    while level and depth <= LEVELS_MOST:
        depth += 1
        inside = (entry.values() if isinstance(entry, dict) else entry for entry in level)
        level = [value for values in inside for value in values if isinstance(value, list | dict)]
    return depth


def _with_whole_characters(value: Any) -> Any:
    """A JSON value with every half of a character replaced by a question mark."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_with_whole_characters(entry) for entry in value]
    if isinstance(value, dict):
        return {printable(key): _with_whole_characters(entry) for key, entry in value.items()}
    return value
