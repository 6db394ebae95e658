"""How much of its time a function holds the GIL, seen by a thread that wakes up now and then and wants it.

A thread that sleeps gives up its core once, and the GIL with it. If it has to wait for the GIL when it wakes up, it
gives up its core once more: its voluntary context switches (getrusage(2), RUSAGE_THREAD) tell, and no clock has a part
in it. A look does not count if the GIL was free only because the function's own thread was waiting for a core: it could
run, and used no processor time since the look before. So other programs do not matter.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

#: Seconds between looks. Where the GIL is held a look takes as long as a thread is let wait (5 ms) besides.
SECONDS_BETWEEN = 0.0005


class GilLooks:
    """Looks from `start` to `end`, in a thread of its own, at the thread that starts it."""

    def __init__(self) -> None:
        self._held = self._looks = 0
        self._over = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, where the system counts context switches by thread."""
        if _switches() is not None:
            about = (_Thread(),)
            self._thread = threading.Thread(target=self._run, args=about, name="looks at the GIL", daemon=True)
            self._thread.start()

    def end(self) -> list[int] | None:
        """How often the GIL was held, of how many looks; None where that cannot be seen."""
        self._over = True
        if self._thread is None:
            return None
        self._thread.join()
        return [self._held, self._looks]

    def _run(self, looked_at: _Thread) -> None:
        while not self._over:
            switches, used = _switches() or 0, looked_at.cpu_nanoseconds()
            time.sleep(SECONDS_BETWEEN)
            if self._over:
                return
            held = (_switches() or 0) - switches > 1
            if held or looked_at.cpu_nanoseconds() > used or not looked_at.wants_a_core():
                self._held += held
                self._looks += 1


class _Thread:
    """The thread that makes it, looked at by another."""

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._stat = Path(f"/proc/self/task/{threading.get_native_id()}/stat")

    def cpu_nanoseconds(self) -> int:
        """Processor time used so far."""
        return time.clock_gettime_ns(self._clock)

    def wants_a_core(self) -> bool:
        """Whether it could run (proc(5), state R); False where the system does not tell."""
        with contextlib.suppress(OSError):
            return self._stat.read_bytes().rpartition(b") ")[2].startswith(b"R")
        return False


def _switches() -> int | None:
    """Voluntary context switches of the calling thread so far; None where the system does not tell."""
    try:
        import resource

        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    except (ImportError, AttributeError):  # not on Linux
        return None
