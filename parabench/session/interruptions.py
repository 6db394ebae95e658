"""Ctrl-C and its like while a session ends: the first is obeyed, and storing is never cut in two."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

#: What may come while results are stored, and has to wait.
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: After the first Ctrl-C further ones only hurry on for so long; then the next one is obeyed, too.
SECONDS_TO_END = 30.0


class Interruptions:
    """How this process meets Ctrl-C from `begin` to `end`."""

    def __init__(self) -> None:
        self._before: Any = None
        self._first = 0.0

    def begin(self) -> None:
        """Obey the first Ctrl-C by KeyboardInterrupt, and take note of those that follow while it is obeyed.

        A second KeyboardInterrupt would break off what the first one has begun: killing the cell, storing the session.
        Where somebody else handles Ctrl-C, or it is ignored, nothing changes.
        """
        if _is_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._meet)

    def go_on(self) -> None:
        """The next thing begins: if somebody has swallowed a Ctrl-C, the next one is obeyed again."""
        self._first = 0.0

    def end(self) -> None:
        """Handle Ctrl-C as before `begin`."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _meet(self, _number: int, _frame: FrameType | None) -> None:
        if self._first and time.monotonic() - self._first < SECONDS_TO_END:
            return
        self._first = time.monotonic()
        raise KeyboardInterrupt


@contextlib.contextmanager
def held() -> Iterator[list[int]]:
    """No signal of HELD takes effect within; the list holds those that came.

    Afterwards SIGTERM and SIGHUP are obeyed as they would have been. Ctrl-C is not: it asks for the end of what has
    just ended.
    """
    came: list[int] = []

    def note(arrived: int, frame: FrameType | None) -> None:
        came.append(arrived)

    if not _is_main_thread():  # signals are not met here
        yield came
        return
    before = {number: signal.getsignal(number) for number in HELD}
    # One that is ignored stays so; one that was set from outside Python cannot be set again.
    changed = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in changed:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number in changed:
            signal.signal(number, before[number])
        for arrived in came:
            if arrived != signal.SIGINT:
                os.kill(os.getpid(), arrived)


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """No signal of HELD takes effect within; each that came is obeyed afterwards."""
    came: list[int] = []
    try:
        with held() as came:
            yield
    finally:
        if signal.SIGINT in came:
            os.kill(os.getpid(), signal.SIGINT)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
