"""Disk-bound work: write a large file, make it durable, read it back.

The policy, recorded in the settings: each file is fsynced before it is closed; its directory is not. The kernel is then
asked to drop the file from its page cache, so that reading comes from the device where the kernel obeys; a probe at the
start of the session says whether it does. Where it does not (tmpfs, macOS), files are read from memory.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from parabench.workload import Json, Limit, LimitCase, ServiceOptions, Settings, Size, Workload

BYTES_CHUNK = 1024 * 1024
BYTES_BLOCK = 64 * 1024

#: size -> (files, bytes per file).
FILES: Mapping[Size, tuple[int, int]] = {
    "small": (32, 4 * BYTES_BLOCK),
    "medium": (48, 3 * BYTES_CHUNK),
    "large": (64, 32 * BYTES_CHUNK),
}

PREFIX = "parabench-"
#: File systems that keep files in memory.
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})


def write_read_file(item: Mapping[str, int], directory: str) -> dict[str, Json]:
    """Write `bytes` seeded bytes to a new file, fsync it, read it back, and delete it.

    Returns the length and BLAKE2b digest of what was read. Raises OSError, with the place and the size, when the file
    system is full or fails otherwise.
    """
    chunk = _chunk(item["seed"])
    try:
        # A name of its own per call: a queue that delivers a task twice must not make two workers share a file.
        descriptor, path = tempfile.mkstemp(prefix=PREFIX, dir=directory)
        try:
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                _write(file.fileno(), chunk, item["bytes"])
                os.fsync(file.fileno())
                _drop_from_cache(file.fileno())
                return _read(file.fileno())
        finally:
            os.unlink(path)  # noqa: PTH108  # a Path here would be built in the timed region for nothing
    except OSError as error:
        raise OSError(error.errno, _explain(error, item["bytes"], directory)) from error


def _chunk(seed: int) -> bytes:
    return random.Random(seed).randbytes(BYTES_BLOCK) * (BYTES_CHUNK // BYTES_BLOCK)


def _write(descriptor: int, chunk: bytes, length_bytes: int) -> None:
    view, left = memoryview(chunk), length_bytes
    while left:
        # A short write is legal; the content stays right, because it only depends on the position in the chunk.
        start = (length_bytes - left) % len(chunk)
        left -= os.write(descriptor, view[start : start + left])


def _drop_from_cache(descriptor: int) -> None:
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _read(descriptor: int) -> dict[str, Json]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    digest, length_bytes = hashlib.blake2b(digest_size=16), 0
    while data := os.read(descriptor, BYTES_CHUNK):
        digest.update(data)
        length_bytes += len(data)
    return {"bytes": length_bytes, "blake2b": digest.hexdigest()}


def _explain(error: OSError, length_bytes: int, directory: str) -> str:
    text = f"{os.strerror(error.errno or 0)}: a file of {length_bytes} bytes in {directory}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{text}; free some space there, or choose a smaller size or fewer workers"
    return text


@contextmanager
def directory_of(settings: Settings) -> Iterator[str]:
    """The directory that a worker's files go to."""
    yield settings["directory"]


def write_read_files_items(size: Size) -> list[Json]:
    """Files that differ in their seed."""
    files, length_bytes = FILES[size]
    return [{"seed": file, "bytes": length_bytes} for file in range(files)]


@functools.lru_cache(maxsize=256)
def _digest(seed: int, length_bytes: int) -> str:
    digest, block = hashlib.blake2b(digest_size=16), random.Random(seed).randbytes(BYTES_BLOCK)
    for _ in range(length_bytes // BYTES_BLOCK):
        digest.update(block)
    digest.update(block[: length_bytes % BYTES_BLOCK])
    return digest.hexdigest()


def write_read_files_check(item: Json, result: Json) -> bool:
    """What was read has the length and the digest of what was to be written."""
    return bool(result == {"bytes": item["bytes"], "blake2b": _digest(item["seed"], item["bytes"])})


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """A directory of this workload's own in the session's scratch directory, and what is known about its disk."""
    directory = options.scratch_directory / "write-read-files"
    directory.mkdir()
    try:
        kind, why_not = filesystem(directory)
        settings: dict[str, Json] = {
            "directory": str(directory),
            "filesystem": kind,
            "on_tmpfs": None if kind is None else kind in IN_MEMORY,
            "fsync": "file",
            **({"read_from": "memory"} if kind in IN_MEMORY else _reading(directory)),
        }
        if why_not is not None:
            settings["filesystem_reason"] = why_not
        yield settings
    finally:
        _delete_files(str(directory))
        directory.rmdir()


def filesystem(directory: Path, mounts: Path = Path("/proc/self/mountinfo")) -> tuple[str | None, str | None]:
    """The type of the file system that holds the directory ("ext4", "tmpfs"), or None and why it is unknown.

    Read from mountinfo (man 5 proc), or asked of psutil where there is none.
    """
    where = os.fsencode(directory.resolve())
    try:
        points = [_mount(line) for line in mounts.read_bytes().splitlines()]
    except OSError:
        try:
            # Late, and never in a worker: psutil does not load in subinterpreters.
            import psutil

            points = [(os.fsencode(p.mountpoint), p.fstype) for p in psutil.disk_partitions(all=True)]
        except Exception as error:
            return None, f"no list of mounts: {type(error).__name__}: {error}"
    # The longest mount point wins; of two on the same point, the later one hides the earlier.
    best = b"", ""
    for point, kind in points:
        inside = where == point or where.startswith(point.rstrip(b"/") + b"/")
        if inside and len(point) >= len(best[0]):
            best = point, kind
    return (best[1], None) if best[1] else (None, f"no mount holds {directory}")


def _mount(line: bytes) -> tuple[bytes, str]:
    """Mount point and type of one line of mountinfo."""
    before, _, after = line.partition(b" - ")
    point = before.split(b" ")[4]
    # Space, tab, newline, backslash and "#" are written as three octal digits.
    point = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), point)
    return point, after.split(b" ")[0].decode("ascii", "replace")


def _reading(directory: Path) -> dict[str, Json]:
    """Where files are read from after they were written: a file is written and dropped to find out."""
    if not hasattr(os, "posix_fadvise"):
        return {"read_from": "page cache", "read_from_reason": "this system cannot drop a file from its page cache"}
    try:
        with tempfile.TemporaryFile(prefix=PREFIX, dir=directory, buffering=0) as file:
            descriptor = file.fileno()
            _write(descriptor, _chunk(0), BYTES_CHUNK)
            os.fsync(descriptor)
            _drop_from_cache(descriptor)
            # RWF_NOWAIT (man 2 preadv2): data that is not in the page cache gives EAGAIN instead of being fetched.
            read = os.preadv(descriptor, [bytearray(BYTES_BLOCK)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return {"read_from": "device"}
    except (OSError, AttributeError) as error:  # a full disk is for the tasks to report, each for itself
        reason = f"asked to drop files from the page cache, cannot tell whether it did: {error}"
        return {"read_from": None, "read_from_reason": reason}
    return {
        "read_from": "page cache",
        "read_from_reason": f"asked to drop a file from its page cache, the kernel kept it ({read} bytes at once)",
    }


def _delete_files(directory: str) -> None:
    for entry in os.scandir(directory):
        if entry.name.startswith(PREFIX):
            with contextlib.suppress(FileNotFoundError):
                Path(entry.path).unlink()


def write_read_files_before(items: Sequence[Json], settings: Settings) -> None:
    """Delete what killed workers left, so that they do not fill the disk for the rounds after them."""
    _delete_files(settings["directory"])


def write_read_files_limit(case: LimitCase) -> Limit:
    """Unknown: what the device could do at best has not been measured."""
    return Limit(None, "the device's own speed is not known")


WRITE_READ_FILES = Workload(
    name="write-read-files",
    kind="disk",
    description=(
        "Writes large files, fsyncs each, and reads it back, from the device if the kernel drops it from its page "
        "cache when asked, else from that cache."
    ),
    task=write_read_file,
    items=write_read_files_items,
    context=directory_of,
    service=service,
    before_round=write_read_files_before,
    check=write_read_files_check,
    limit=write_read_files_limit,
)
