"""Whose code burns the CPU: a thread of the cell that looks at the frames of the others, in a round of its own.

The innermost Python frame tells: a module of the standard library, a package, or the task. C code counts to the Python
code that called it. Only threads that run, or wait for the GIL, count: one that waits for anything else burns nothing,
and its frame would. `wait_sites` tells these apart. Other processes and interpreters are not seen from here.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Self

from parabench.machine.gil import gil_enabled
from parabench.measure.wait_sites import (
    GIL,
    PAGE,
    PAUSE_LEAST,
    PAUSES_PER_LOOK,
    RUNNING,
    data_segments,
    site_of,
    why_unseen,
)
from parabench.records import SampledRound, Trace
from parabench.workers.await_chains import most_frequent, why_unknown

THE_TASK = "the task"
BURNING = (RUNNING, GIL, PAGE)
#: Asked so often, a thread gives up the GIL soon. At Python's own 5 ms it would be met only where it waits anyway.
SECONDS_PER_SWITCH = 1e-6
#: Names that are longer are cut, and of more packages the rest is one: a file has to stay small.
NAME_MOST, PACKAGES_MOST = 60, 12
#: A thread that has just been woken there waits for the GIL that the sampler holds: it has burnt nothing yet.
WAITS = "selectors"
#: Fewer say nothing of shares.
SAMPLES_LEAST = 8
OTHERS = "others"
#: The thread that samples ends after its next look at the latest.
SECONDS_TO_STOP = 10.0


class Sample(NamedTuple):
    """A thread that burns CPU at one moment of the monotonic clock."""

    seconds: float
    #: As the worker of a Trace begins.
    thread: str
    package: str


def why_unsampled() -> str | None:
    """Why nobody can tell here; None: it can be tried."""
    if not hasattr(sys, "_current_frames"):
        return "this interpreter does not show the frames of its threads"
    if not gil_enabled():
        return "without a GIL too few looks meet a thread that computes"
    return why_unseen()


def package_of(module: str, task_modules: Collection[str]) -> str:
    """Whose code a module is, given those of the task and its twin."""
    top = module.partition(".")[0]
    if top.startswith("namedtuple_"):  # what `collections` makes and runs under that name
        return "collections"
    tops = {name.partition(".")[0] for name in task_modules} - {"parabench"}
    if module in task_modules or top in tops:
        return THE_TASK
    return "".join(letter for letter in top if letter.isprintable())[:NAME_MOST] or "unnamed"


class CpuSamples:
    """Samples of all threads of this process and interpreter but its own; use as a context manager."""

    def __init__(self, task_modules: Collection[str]) -> None:
        self._task_modules = task_modules
        self.samples: list[Sample] = []
        #: Why nothing can be seen; None as long as it can.
        self.reason = why_unsampled()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_ended, daemon=True)
        self._segments: list[tuple[int, int]] = []
        self._interval = sys.getswitchinterval()

    def __enter__(self) -> Self:
        if self.reason is None:
            maps = Path("/proc/self/maps").read_bytes().decode(errors="replace")
            self._segments = data_segments(maps, str(Path("/proc/self/exe").readlink()))
            sys.setswitchinterval(SECONDS_PER_SWITCH)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(SECONDS_TO_STOP)
            sys.setswitchinterval(self._interval)

    def _sample_until_ended(self) -> None:
        pause = PAUSE_LEAST
        while self.reason is None and not self._ended.wait(pause):
            began = time.thread_time()
            self._sample()
            pause = max(PAUSE_LEAST, PAUSES_PER_LOOK * (time.thread_time() - began))

    def _sample(self) -> None:
        others = [thread for thread in threading.enumerate() if thread is not self._thread]
        # Asked before and after, because a thread that is met in a wait may run again when it is asked.
        before = self._burning(others)
        frames: dict[int, FrameType] = sys._current_frames()  # noqa: SLF001 - the only way to them
        seconds = time.monotonic()
        packages = {
            ident: package_of(str(frame.f_globals.get("__name__", "")), self._task_modules)
            for ident, frame in frames.items()
        }
        frames.clear()  # a frame that is held keeps its values alive
        burning = [numbers for numbers in self._burning(others) if numbers in before]
        self.samples += [
            Sample(seconds, f"{os.getpid()}:{native}", packages[ident])
            for ident, native in burning
            if packages.get(ident, WAITS) != WAITS
        ]

    def _burning(self, threads: Iterable[threading.Thread]) -> list[tuple[int, int]]:
        """Ident and native number of those that run or want to."""
        burning = []
        for thread in threads:
            if thread.ident is None or thread.native_id is None:
                continue
            try:
                text = Path(f"/proc/self/task/{thread.native_id}/syscall").read_text(encoding="ascii")
            except PermissionError:
                self.reason = "the system does not let this user see where threads wait (ptrace rules)"
                return []
            except (FileNotFoundError, ProcessLookupError):  # it has ended
                continue
            if site_of(text, self._segments, lambda _: "other") in BURNING:
                burning.append((thread.ident, thread.native_id))
        return burning

    def sampled(self, traces: Collection[Trace], chains: Counter[str]) -> SampledRound:
        """What the round with these traces showed, and the chains that were met in it."""
        counts: dict[str, int] = {}
        reason = self.reason
        if reason is None and sum((counts := self.counts(traces)).values()) < SAMPLES_LEAST:
            met = (
                f"{sum(counts.values())} samples met a thread that computed for a task, and {SAMPLES_LEAST} are needed"
            )
            reason, counts = f"{met}: tasks are too short, wait, or run elsewhere", {}
        chain = most_frequent(chains)
        no_chain = None if chain else why_unknown() or "no coroutine was met waiting in a loop of asyncio"
        return SampledRound(
            cpu_packages=counts or None,
            cpu_packages_reason=reason,
            await_chain=chain,
            await_chain_reason=no_chain,
        )

    def counts(self, traces: Iterable[Trace]) -> dict[str, int]:
        """Samples of threads that had a task under way, by package."""
        spans: dict[str, list[tuple[float, float]]] = {}
        for trace in traces:
            thread = trace.worker.rpartition(":")[0]
            spans.setdefault(thread, []).append((trace.seconds_started, trace.seconds_ended))
        samples_by_package = Counter(
            sample.package
            for sample in self.samples
            if any(started <= sample.seconds <= ended for started, ended in spans.get(sample.thread, ()))
        )
        counts = dict(samples_by_package.most_common(PACKAGES_MOST))
        rest = samples_by_package.total() - sum(counts.values())
        return counts | ({OTHERS: rest} if rest else {})
