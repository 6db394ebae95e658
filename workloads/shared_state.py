"""Several workers change one value: a counter that loses updates, and one that does not.

To mean the same under every model, the counter is eight bytes in a memory-mapped file: threads, processes and
subinterpreters of one host all share it. It has to lie on a local file system, which the session's scratch directory
is; over NFS neither the mapping nor the lock holds.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from parabench.workload import Json, Limit, LimitCase, ServiceOptions, Settings, Size, Workload

#: size -> (tasks, increments per task).
INCREMENTS: Mapping[Size, tuple[int, int]] = {"small": (16, 600), "medium": (32, 6_000), "large": (64, 48_000)}

#: Turns of the little loop that stands for computing the new value. It makes the time between read and write most of
#: an increment, as in real code, so that a worker that is interrupted is nearly always interrupted between the two.
TURNS_BETWEEN = 120

COUNTER = struct.Struct("=q")
ZERO = COUNTER.pack(0)

Lock = Callable[[], None]


def counter_unsafe(item: Mapping[str, int], path: str) -> int:
    """Increment the shared counter `increments` times, read and write apart. Returns how often it did."""
    with _shared(path) as (counter, descriptor):
        return _increment(counter, descriptor, item["increments"], _nothing, _nothing)


def counter_safe(item: Mapping[str, int], path: str) -> int:
    """Increment the shared counter `increments` times, each time under a lock. Returns how often it did."""
    with _shared(path) as (counter, descriptor):
        return _increment(
            counter,
            descriptor,
            item["increments"],
            lambda: fcntl.flock(descriptor, fcntl.LOCK_EX),
            lambda: fcntl.flock(descriptor, fcntl.LOCK_UN),
        )


def _increment(counter: mmap.mmap, descriptor: int, increments: int, acquire: Lock, release: Lock) -> int:
    for _ in range(increments):
        acquire()
        # Nothing between here and release() may yield to a greenlet or event loop, or wait for another task: a second
        # task in the same thread would then block that thread in flock, and the holder could never go on.
        (value,) = COUNTER.unpack_from(counter)
        value = _successor(value)
        # A system call, as in real code, lets another thread have the GIL. Without it a thread keeps the GIL for the
        # switch interval of 5 ms, which is as long as a small task, and the race hides in most batches. It is not
        # time.sleep(0), because gevent makes that a switch to another greenlet: see above.
        os.fstat(descriptor)
        COUNTER.pack_into(counter, 0, value)
        release()
    return increments


def _successor(value: int) -> int:
    """The value plus one, computed slowly."""
    for turn in range(TURNS_BETWEEN):
        value += turn & 1
    return value + 1 - TURNS_BETWEEN // 2


def _nothing() -> None:
    """The lock of the counter that has none."""


@contextmanager
def _shared(path: str) -> Iterator[tuple[mmap.mmap, int]]:
    """The counter's memory, and a file descriptor to lock it by.

    flock belongs to the open file description (man 2 flock). Every task opens the file for itself, so the lock holds
    between threads and greenlets of one process just as between processes, and dies with a killed worker.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with mmap.mmap(descriptor, COUNTER.size) as counter:
            yield counter, descriptor
    finally:
        os.close(descriptor)


@contextmanager
def path_of(settings: Settings) -> Iterator[str]:
    """The file that holds the counter."""
    yield settings["path"]


def counter_items(size: Size) -> list[Json]:
    """Equal tasks."""
    tasks, increments = INCREMENTS[size]
    return [{"increments": increments} for _ in range(tasks)]


def counter_check(item: Json, result: Json) -> bool:
    """The task did its increments; whether they were kept is for the batch to say."""
    return bool(item["increments"] == result)


@contextmanager
def unsafe_service(options: ServiceOptions) -> Iterator[Settings]:
    """The file of the unsafe counter."""
    with _counter_file(options.scratch_directory / "counter-unsafe") as settings:
        yield settings


@contextmanager
def safe_service(options: ServiceOptions) -> Iterator[Settings]:
    """The file of the safe counter. Raises RuntimeError where its lock does not hold."""
    with _counter_file(options.scratch_directory / "counter-safe") as settings:
        _verify_lock(settings["path"])
        yield settings


@contextmanager
def _counter_file(path: Path) -> Iterator[Settings]:
    path.write_bytes(ZERO)
    try:
        yield {"path": str(path)}
    finally:
        path.unlink()


def _verify_lock(path: str) -> None:
    """Two openings of the file in one process must exclude each other. Raises RuntimeError if they do not."""
    with open(path, "rb") as holder, open(path, "rb") as other:  # noqa: PTH123  # flock is about openings
        fcntl.flock(holder, fcntl.LOCK_EX)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    raise RuntimeError(f"flock does not hold between two openings of {path}; use a local file system (TMPDIR)")


def counter_before(items: Sequence[Json], settings: Settings) -> None:
    """Set the counter to zero in place: a worker may have the file mapped."""
    with _shared(settings["path"]) as (counter, _):
        counter[:] = ZERO


def unsafe_after(items: Sequence[Json], results: Sequence[Json], settings: Settings) -> dict[str, Json]:
    """How many increments were done, kept and lost."""
    expected = sum(item["increments"] for item in items)
    with _shared(settings["path"]) as (counter, _):
        (kept,) = COUNTER.unpack_from(counter)
    return {"increments_expected": expected, "increments_kept": kept, "updates_lost": expected - kept}


def safe_after(items: Sequence[Json], results: Sequence[Json], settings: Settings) -> dict[str, Json]:
    """The same. Raises AssertionError when an increment was lost or done twice."""
    findings = unsafe_after(items, results, settings)
    if findings["updates_lost"]:
        raise AssertionError(
            f"the locked counter kept {findings['increments_kept']} of {findings['increments_expected']} increments: "
            "a task ran twice or not at all, or the lock did not hold"
        )
    return findings


def counter_limit(case: LimitCase) -> Limit:
    """Unknown: increments of one value have to wait for each other, and what that costs is what is measured."""
    return Limit(None, "every increment has to wait for the one before it, so more cores need not help")


COUNTER_UNSAFE = Workload(
    name="counter-unsafe",
    kind="shared_state",
    description="Increments one shared counter without a lock, and counts the updates that get lost.",
    task=counter_unsafe,
    items=counter_items,
    context=path_of,
    service=unsafe_service,
    before_round=counter_before,
    after_round=unsafe_after,
    on_request=True,
    check=counter_check,
    limit=counter_limit,
)

COUNTER_SAFE = Workload(
    name="counter-safe",
    kind="shared_state",
    description="Increments one shared counter under a lock that holds between threads, processes and interpreters.",
    task=counter_safe,
    items=counter_items,
    context=path_of,
    service=safe_service,
    before_round=counter_before,
    after_round=safe_after,
    check=counter_check,
    limit=counter_limit,
)
