"""What the pools of several models have in common: to prepare and leave a worker, see all of them up, name a dead one.

Subinterpreters import this module too: the standard library, `errors`, and `task` only.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize

from parabench.errors import WorkerDied, WorkersNotStarted
from parabench.task import TaskCall, leave_process

#: Longer than any start seen (spawned interpreters on a loaded machine), shorter than a reader's patience.
SECONDS_TO_START = 60.0
#: Many times what a healthy pool with idle workers needs to end.
SECONDS_TO_END = 1.0


def prepare_process(call: TaskCall) -> None:
    """Initializer of pooled processes: prepare the call now, leave its context when the process ends by itself.

    `atexit` would not do: forked children of multiprocessing end without it, but do run their finalizers.
    """
    call.prepare()
    Finalize(None, leave_process, exitpriority=0)


def answer(seconds: float) -> str:
    """Hold one worker for a moment, so that the next question meets another one, and say which worker it was."""
    time.sleep(seconds)
    return f"{os.getpid()}:{threading.get_ident()}"


def wait_for_workers(workers: int, ask: Callable[[list[float]], Iterable[str]]) -> None:
    """Ask until that many distinct workers have answered; pools start workers late, or take tasks before all are up.

    `ask` has the pool call `answer` with each of the given pauses (seconds) and returns the answers.
    Raises WorkersNotStarted when the pool never has that many.
    """
    seen: set[str] = set()
    seconds, deadline = 0.001, time.monotonic() + SECONDS_TO_START
    while len(seen) < workers:
        if time.monotonic() > deadline:
            raise WorkersNotStarted(workers, len(seen), SECONDS_TO_START)
        seen.update(ask([seconds] * workers))
        seconds = min(2 * seconds, 0.05)


class NewChildren:
    """The processes that multiprocessing starts here from now on: those of the pool that is being opened."""

    def __init__(self) -> None:
        self._others = set(active_children())
        self.processes: list[BaseProcess] = []

    def look(self) -> None:
        """Take note of new children while they live: once dead, multiprocessing no longer lists them."""
        self.processes += [child for child in active_children() if child not in self._others]
        self._others.update(self.processes)

    def any_ended(self) -> bool:
        """Whether one of them is no longer running."""
        return any(process.exitcode is not None for process in self.processes)

    def death(self, siblings_ended_by: int) -> WorkerDied:
        """The error that names the worker which broke the pool.

        The pool ends its other workers by a signal of its own: a process that ended by anything else died first.
        """
        ended = [process for process in self.processes if process.exitcode is not None]
        ended.sort(key=lambda process: process.exitcode == -siblings_ended_by)
        return WorkerDied(str(ended[0].pid), ended[0].exitcode) if ended else WorkerDied("of unknown id", None)

    def end(self, shut_down: Callable[[], object]) -> None:
        """Have the pool end itself; when a worker has died, not longer than SECONDS_TO_END.

        An idle worker holds a lock of its pool. Killed, it never releases it, and the pool would wait for ever.
        """
        ending = threading.Thread(target=shut_down, name="end of a pool", daemon=True)
        ending.start()
        while ending.is_alive():
            ending.join(SECONDS_TO_END)
            self.look()
            if ending.is_alive() and any(process.exitcode for process in self.processes):
                break
        for process in self.processes:  # also those that the pool started in place of dead ones
            process.kill()
            process.join()
        ending.join(SECONDS_TO_END)
