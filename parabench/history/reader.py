"""Stored sessions read back: our own of any format, and those of pytest-benchmark 3 to 5 in other projects.

A file whose structure is wrong is refused with HistoryUnreadable. In a file with the right structure a value that is
missing or wrong is None, with a reason. docs/results_format.md has the rules.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from parabench.errors import HistoryUnreadable
from parabench.history import store
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
        raise _unreadable(path, error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"byte {error.start} is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"it is not JSON, or cut short: {error}") from error
    except RecursionError as error:
        raise _unreadable(path, f"it is nested more than {LEVELS_MOST} levels deep") from error
    except MemoryError as error:
        raise _unreadable(path, "it does not fit into memory") from error
    except ValueError as error:  # its structure, a failed migration, a number of thousands of digits, a NUL in the path
        raise _unreadable(path, str(error)) from error


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
    unreadable.sort(key=lambda error: _place(error.path))
    return sessions, unreadable


def session_files(
    results: Path, machine_id: str | None = None
) -> tuple[list[tuple[Path, os.stat_result]], list[HistoryUnreadable]]:
    """The files of sessions below a results folder, each once and in order, and an error for what cannot be listed."""
    files: list[tuple[tuple[str, int, str], Path, os.stat_result]] = []
    unreadable: list[HistoryUnreadable] = []
    seen: set[tuple[int, int]] = set()
    for folder in _folders(Path(results), machine_id, unreadable):
        for number, entry in _files(folder, unreadable):
            try:
                status = entry.stat()
            except (OSError, ValueError) as error:
                unreadable.append(_unreadable(Path(entry.path), getattr(error, "strerror", None) or str(error)))
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                files.append(((folder.name, number, entry.name), Path(entry.path), status))
    files.sort(key=lambda found: found[0])
    return [(path, status) for _, path, status in files], unreadable


def _folders(results: Path, machine_id: str | None, unreadable: list[HistoryUnreadable]) -> list[Path]:
    """The folders that may hold sessions; links last, so that a file is named by the path that is its own."""
    if machine_id is not None:
        return [results / machine_id]
    try:
        with os.scandir(results) as entries:
            found = [Path(entry.path) for entry in entries if _is_folder(entry)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        unreadable.append(_unreadable(results, getattr(error, "strerror", None) or str(error)))
        return []
    return [results, *sorted(found, key=lambda folder: (_is_link(folder), folder.name))]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):  # a link that leads to itself
        return entry.is_dir()
    return False


def _is_link(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_symlink()
    return False


def _files(folder: Path, unreadable: list[HistoryUnreadable]) -> list[tuple[int, os.DirEntry[str]]]:
    """The numbered files of a folder, links last."""
    try:
        return sorted(store.numbered_entries(folder), key=lambda found: found[1].is_symlink())
    except (OSError, ValueError) as error:
        unreadable.append(_unreadable(folder, getattr(error, "strerror", None) or str(error)))
        return []


def _place(path: Path) -> tuple[str, int, str]:
    """Machine folder, number and name: the order in which sessions are listed."""
    number = re.match(r"\d+", path.name)
    return path.parent.name, int(number[0]) if number else -1, path.name


def _bytes_of(path: Path) -> bytes:
    """The content of a regular file: a pipe would be waited for, and a device may never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Malformed("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a regular file")
        if found.st_size > BYTES_MOST:
            raise Malformed(f"it has {found.st_size:,} bytes; at most {BYTES_MOST:,} are read")
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
        return _printable(value)
    if isinstance(value, list):
        return [_with_whole_characters(entry) for entry in value]
    if isinstance(value, dict):
        return {_printable(key): _with_whole_characters(entry) for key, entry in value.items()}
    return value


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _unreadable(path: Path, problem: str) -> HistoryUnreadable:
    return HistoryUnreadable(path, _printable(problem))
