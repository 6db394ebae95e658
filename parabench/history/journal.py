"""What a session has measured so far, on disk before the next cell begins: one JSON object a line.

The first line is the header (the plan and the fingerprint), each further line one visit, instrumented round or failure.
The process that writes a journal holds a lock on it; a journal without a holder was left behind by a crash.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from parabench.errors import JournalDamaged, JournalNotWritable

#: Version of the lines; a journal of another version is not resumed.
VERSION = 1
_PATTERN = ".session-*.journal"


@dataclass(frozen=True, slots=True)
class Entries:
    """What a journal holds."""

    header: dict[str, Any]
    lines: tuple[dict[str, Any], ...]
    #: Bytes up to the end of the last whole line; what follows was torn by the crash.
    bytes_whole: int


class Journal:
    """An open journal; every `append` is on disk when it returns."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def begin(cls, folder: Path, name: str, header: Mapping[str, Any]) -> Self:
        """Start the journal of a new session. Raises JournalNotWritable."""
        path = folder / _PATTERN.replace("*", name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalNotWritable(path, error) from error
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        journal = cls(path, descriptor)
        journal.append({"journal": VERSION, **header})
        return journal

    @classmethod
    def reopen(cls, path: Path, entries: Entries) -> Self:
        """Go on with a journal that was left behind; a torn last line is cut off. Raises JournalNotWritable."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, entries.bytes_whole)
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError as error:
            raise JournalNotWritable(path, error) from error
        return cls(path, descriptor)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and flush it to the device.

        Raises JournalNotWritable when the disk does not take it; what was there before is whole and stays.
        """
        data = json.dumps(line, sort_keys=True).encode() + b"\n"
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            written = 0
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
            raise JournalNotWritable(self.path, error) from error

    def close(self) -> None:
        """Let go of the journal and leave it where it is."""
        os.close(self._descriptor)

    def discard(self) -> None:
        """Remove the journal: the session is stored."""
        self.path.unlink(missing_ok=True)
        self.close()


def read(path: Path) -> Entries:
    """What a journal holds. A last line that a crash has torn is left out.

    Raises JournalDamaged, which names file and line, for anything else that is not as it was written.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalDamaged(path, 0, error.strerror or str(error)) from error
    whole = data.rfind(b"\n") + 1
    lines: list[dict[str, Any]] = []
    for number, text in enumerate(data[:whole].splitlines(), start=1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise JournalDamaged(path, number, str(error)) from error
        if not isinstance(line, dict):
            raise JournalDamaged(path, number, "it is not an object")
        lines.append(line)
    if not lines:
        raise JournalDamaged(path, 1, "the header is missing")
    if lines[0].get("journal") != VERSION:
        raise JournalDamaged(path, 1, f"its version is {lines[0].get('journal')!r}, not {VERSION}")
    return Entries(header=lines[0], lines=tuple(lines[1:]), bytes_whole=whole)


def orphans(folder: Path) -> list[Path]:
    """Journals in a folder that no living session holds, oldest first."""
    found = []
    for path in sorted(folder.glob(_PATTERN)):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(path)
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)
    return found
