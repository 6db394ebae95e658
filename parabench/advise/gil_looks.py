"""How much of its time a function holds the GIL, seen by a thread that wakes up now and then and wants it.

A thread that sleeps gives up its core once, and the GIL with it. If it has to wait for the GIL when it wakes up, it
gives up its core once more: its voluntary context switches (getrusage(2), RUSAGE_THREAD) tell, and no clock has a part
in it. So other programs do not matter: they take the core away at any moment of the function's time alike.
"""

from __future__ import annotations

import threading
import time

#: Seconds between looks. Where the GIL is held a look takes as long as a thread is let wait (5 ms) besides.
SECONDS_BETWEEN = 0.0005


class GilLooks:
    """Looks from `start` to `end`, in a thread of its own."""

    def __init__(self) -> None:
        self._held = self._looks = 0
        self._over = False
        self._thread = threading.Thread(target=self._run, name="looks at the GIL", daemon=True)

    def start(self) -> None:
        """Begin, where the system counts context switches by thread."""
        if _switches() is not None:
            self._thread.start()

    def end(self) -> list[int] | None:
        """How often the GIL was held, of how many looks; None where that cannot be seen."""
        self._over = True
        if self._thread.ident is None:
            return None
        self._thread.join()
        return [self._held, self._looks]

    def _run(self) -> None:
        while not self._over:
            before = _switches() or 0
            time.sleep(SECONDS_BETWEEN)
            if self._over:
                return
            self._held += (_switches() or 0) - before > 1
            self._looks += 1


def _switches() -> int | None:
    """Voluntary context switches of the calling thread so far; None where the system does not tell."""
    try:
        import resource

        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    except (ImportError, AttributeError):  # not on Linux
        return None
