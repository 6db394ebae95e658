"""What the processor and the kernel count of a cell's threads during one untimed round (perf_event_open(2)).

Counters are opened from outside for every thread that is there, and inherited by those that come; they exist for that
round only, so no timed round pays for them. Virtual machines often have no counters of the processor, and systems may
forbid them (`/proc/sys/kernel/perf_event_paranoid`): what cannot be had is left out, with the reason.
"""

from __future__ import annotations

import contextlib
import os
import platform
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

try:
    import fcntl
except ImportError:  # Windows: whoever wants to measure there is told beforehand (parabench.machine.abilities)
    fcntl = None  # type: ignore[assignment]

_CALL: Mapping[str, int] = {"x86_64": 298, "aarch64": 241}
#: Type and number of each event: PERF_TYPE_HARDWARE is 0, PERF_TYPE_SOFTWARE 1.
EVENTS: Mapping[str, tuple[int, int]] = {"instructions": (0, 1), "cache_misses": (0, 3), "migrations": (1, 4)}
_BYTES_ATTRIBUTES = 128
_DISABLED, _INHERIT, _EXCLUDE_KERNEL, _EXCLUDE_HYPERVISOR = 1 << 0, 1 << 1, 1 << 5, 1 << 6
_ENABLE, _DISABLE = 0x2400, 0x2401


class PerfCounters:
    """Counts while it is entered; `counts` and `reason` afterwards."""

    def __init__(self, pids: Iterable[int]) -> None:
        self.counts: dict[str, int] = {}
        #: Why a counter is missing; None: none is.
        self.reason: str | None = None
        self._files: dict[str, list[int]] = {}
        call = _CALL.get(platform.machine()) if platform.system() == "Linux" else None
        if call is None:
            self.reason = f"counters are read on Linux only, on {' and '.join(_CALL)}"
            return
        try:
            import ctypes  # a build without libffi has none
        except ImportError as error:
            self.reason = f"this interpreter has no ctypes: {error}"
            return
        self._ctypes: Any = ctypes
        threads = [thread for pid in pids for thread in _threads(pid)]
        for event in EVENTS:
            self._open(event, call, threads)

    def __enter__(self) -> Self:
        self._tell(_ENABLE)
        return self

    def __exit__(self, *error: object) -> None:
        self._tell(_DISABLE)
        for event, files in self._files.items():
            for file in files:
                self.counts[event] = self.counts.get(event, 0) + struct.unpack("q", os.read(file, 8))[0]
                os.close(file)
        self._files.clear()

    def _open(self, event: str, call: int, threads: Iterable[int]) -> None:
        files = self._files.setdefault(event, [])
        for thread in threads:
            file = self._library().syscall(call, _attributes(*EVENTS[event]), thread, -1, -1, 0)
            if file >= 0:
                files.append(file)
                continue
            problem = self._ctypes.get_errno()
            if problem != 3:  # ESRCH: the thread has ended
                self.reason = self.reason or f"{event}: {os.strerror(problem)}"
                break
        if not files:
            del self._files[event]

    def _library(self) -> Any:
        return self._ctypes.CDLL(None, use_errno=True)

    def _tell(self, what: int) -> None:
        for files in self._files.values():
            for file in files:
                fcntl.ioctl(file, what, 0)


def _attributes(kind: int, number: int) -> bytes:
    """A struct perf_event_attr: type, size, config, sample period, sample type, read format, flags.

    Of the processor's events those in user mode are counted: more is rarely allowed to ordinary users.
    """
    flags = _DISABLED | _INHERIT | (_EXCLUDE_KERNEL | _EXCLUDE_HYPERVISOR if kind == 0 else 0)
    head = struct.pack("IIQQQQQ", kind, _BYTES_ATTRIBUTES, number, 0, 0, 0, flags)
    return head.ljust(_BYTES_ATTRIBUTES, b"\0")


def _threads(pid: int) -> list[int]:
    with contextlib.suppress(OSError):  # it has ended
        return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    return []
