"""What a session has measured so far, on disk before the next cell begins: one JSON object a line.

The first line is the header (the plan and the fingerprint), each further line one visit, instrumented round or failure.
The process that writes a journal holds a lock on it; a journal without a holder was left behind by a crash.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from parabench.errors import JournalDamaged, JournalInUse, JournalNotBegun, JournalNotWritable

try:
    import fcntl
except ImportError:  # Windows: whoever wants to measure there is told beforehand (parabench.machine.abilities)
    fcntl = None  # type: ignore[assignment]

#: Version of the lines; a journal of another version is not resumed.
VERSION = 1
#: Lines are at most so deep; what a workload finds may be nested itself.
DEPTH_MOST = 100
_PATTERN = ".session-*.journal"
#: How often a lock is tried, and the seconds between.
_TRIES, _SECONDS_BETWEEN_TRIES = 10, 0.02


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
        """Start the journal of a new session. Raises JournalNotBegun, and leaves no file then."""
        path = folder / _PATTERN.replace("*", name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalNotBegun(path, error) from error
        journal = cls(path, descriptor)
        try:
            _take(descriptor)
        except OSError as error:  # not every file system has locks
            journal.give_up()
            raise JournalNotBegun(path, error) from error
        journal.begin_with({"journal": VERSION, **header})
        return journal

    def begin_with(self, header: Mapping[str, Any]) -> None:
        """Write a header of a journal that holds nothing else. Raises JournalNotBegun, and leaves no file then."""
        try:
            self.append(header)
        except JournalNotWritable as error:
            self.give_up()
            raise JournalNotBegun(self.path, error.cause) from error

    def give_up(self) -> None:
        """Remove a journal that holds no visit: it would be found, and taken for a session that can go on."""
        with contextlib.suppress(OSError):
            self.discard()

    @classmethod
    def reopen(cls, path: Path) -> tuple[Self, Entries]:
        """Go on with a journal that was left behind, and what it holds now; a torn last line is cut off.

        What it holds is read when nobody else can write it any more. Raises JournalInUse, JournalDamaged, or
        JournalNotWritable.
        """
        descriptor = _locked(path)
        try:
            entries = read(path)
            os.ftruncate(descriptor, entries.bytes_whole)
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError as error:
            os.close(descriptor)
            raise JournalNotWritable(path, error) from error
        except JournalDamaged:
            os.close(descriptor)
            raise
        return cls(path, descriptor), entries

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and flush it to the device.

        Raises JournalNotWritable when the disk does not take it; what was there before is whole and stays. Raises
        ValueError for a number that is not finite: a line with one could not be read again.
        """
        data = json.dumps(line, sort_keys=True, allow_nan=False).encode() + b"\n"
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
        try:
            self.path.unlink(missing_ok=True)
        finally:
            self.close()


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody else goes on with this journal, or stores it, meanwhile. Raises JournalInUse when somebody does now."""
    descriptor = _locked(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Lock a journal. Raises BlockingIOError where a session has it; who only looks has it for microseconds."""
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_SECONDS_BETWEEN_TRIES)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise JournalInUse(path) from None
    except OSError as error:
        raise JournalNotWritable(path, error) from error
    try:
        _take(descriptor)
        lost = os.fstat(descriptor).st_nlink == 0  # it was removed between opening and locking it
    except BlockingIOError:
        lost = True
    except OSError as error:
        os.close(descriptor)
        raise JournalNotWritable(path, error) from error
    if lost:
        os.close(descriptor)
        raise JournalInUse(path)
    return descriptor


def read(path: Path) -> Entries:
    """What a journal holds. A last line that a crash has torn is left out.

    Raises JournalDamaged, which names file and line, for anything else that is not as it was written.
    """
    parts = read_parts(path)
    if parts.dropped:
        raise JournalDamaged(path, *parts.dropped[0])
    return Entries(header=parts.headers[0], lines=tuple(parts.lines), bytes_whole=parts.bytes_whole)


@dataclass(slots=True)
class Parts:
    """What can be read of a journal, and what cannot."""

    #: The header and its copies, all of this version.
    headers: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    #: The place of each of them in the file, from 1.
    numbers: list[int] = field(default_factory=list)
    #: Number and fault of each line that is not as it was written.
    dropped: list[tuple[int, str]] = field(default_factory=list)
    bytes_whole: int = 0


def read_parts(path: Path) -> Parts:
    """Everything in a journal that can be read. Raises JournalDamaged when the file cannot be read at all."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalDamaged(path, 0, error.strerror or str(error)) from error
    parts = Parts(bytes_whole=data.rfind(b"\n") + 1)
    *whole, torn = data.split(b"\n")
    for number, text in enumerate(whole, start=1):
        _take_line(parts, number, text)
    last, zero, _ = torn.partition(b"\0")
    if zero and _is_object(last):  # a line whose end and what followed it never reached the disk
        _take_line(parts, len(whole) + 1, torn)
    if not parts.headers and not any(number == 1 for number, _ in parts.dropped):
        parts.dropped.insert(0, (1, "the header is missing"))
    return parts


def _take_line(parts: Parts, number: int, text: bytes) -> None:
    """Take what stands between two ends of lines: one line, or several between zeros.

    Zeros are what a file system leaves of a block that never reached the disk. No line holds any, so what stands beside
    them may be whole.
    """
    pieces = [piece for piece in text.split(b"\0") if piece]
    if len(pieces) != 1 or pieces[0] != text:
        parts.dropped.append((number, "there are zero bytes beside it" if pieces else "it is empty"))
    for piece in pieces:
        try:
            line = json.loads(piece, parse_constant=_refused, parse_float=_finite)
            _check_depth(line)
        except (ValueError, RecursionError) as error:
            parts.dropped.append((number, str(error)))
            continue
        if not isinstance(line, dict):
            parts.dropped.append((number, "it is not an object"))
        elif "journal" in line:
            _take_header(parts, number, line)
        else:
            parts.lines.append(line)
            parts.numbers.append(number)


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text[:20])


def _check_depth(value: Any, most: int = DEPTH_MOST) -> None:
    if isinstance(value, dict | list):
        if most == 0:
            raise ValueError("it is nested too deeply")
        for entry in value.values() if isinstance(value, dict) else value:
            _check_depth(entry, most - 1)


def _take_header(parts: Parts, number: int, header: dict[str, Any]) -> None:
    """The header stands twice in a journal, because without it no other line can be used."""
    if header["journal"] != VERSION:
        parts.dropped.append((number, f"its version is {header['journal']!r}, not {VERSION}"))
        return
    if parts.headers and header != parts.headers[0]:
        parts.dropped.append((number, "it is not the header that stands above"))
    parts.headers.append(header)


def orphans(folder: Path) -> list[Path]:
    """Journals in a folder that no living session holds, oldest first."""
    return [path for path in sorted(folder.glob(_PATTERN)) if _is_held(path) is False]


def running(folder: Path) -> list[Path]:
    """Journals in a folder that a living session holds, oldest first."""
    return [path for path in sorted(folder.glob(_PATTERN)) if _is_held(path)]


def _is_held(path: Path) -> bool | None:
    """Whether a living session has a journal; None where that cannot be seen. Looking takes its lock for a moment."""
    if fcntl is None:  # nobody can measure here
        return None
    with contextlib.suppress(OSError):  # it was stored just now, or is somebody else's
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False
    return None
