"""What the pools of several models have in common: to prepare and leave a worker, see all of them up, name a dead one.

Subinterpreters import this module too: the standard library, `errors`, and `task` only.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import active_children, get_all_start_methods, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any

from parabench.errors import WorkerDied, WorkersNotStarted
from parabench.task import TaskCall, leave_process
from parabench.workers.installed import install

#: The first one that is listed is the default; asking which it is would set it.
DEFAULT_START_METHOD = get_all_start_methods()[0]
#: Longer than any start seen (spawned interpreters on a loaded machine), shorter than a reader's patience.
SECONDS_TO_START = 60.0
#: Taking leave of workers is a courtesy: some of them may be gone.
SECONDS_TO_LEAVE = 5.0
#: Many times what a healthy pool with idle workers needs to end.
SECONDS_TO_END = 1.0


def prepare_process(call: TaskCall) -> None:
    """Initializer of pooled processes: install the call now, leave its context when the process ends by itself.

    `atexit` would not do: forked children of multiprocessing end without it, but do run their finalizers.
    """
    end_with_cell()
    install(call)
    Finalize(None, leave_process, exitpriority=0)


def load_what_ends_with_cell() -> None:
    """Load here what `end_with_cell` needs, so that not each forked process loads it anew."""
    from parabench.workers.lifeline import load  # not at the top: subinterpreters cannot load ctypes

    load()


def end_with_cell() -> None:
    """Have this worker process killed when the one that started it ends: a pool that is killed leaves its workers."""
    from parabench.workers.lifeline import end_with_parent  # not at the top: subinterpreters cannot load ctypes

    end_with_parent(None)
    parent = parent_process()
    if parent is None or parent.pid is None:
        return
    _end_unheard(parent)
    if os.getppid() == parent.pid:
        return
    try:
        lives = parent.is_alive()
    except ValueError:  # loky tells its workers who their parent is, but not how to see its end
        lives = False
    if not lives:  # it ended before the kernel knew
        os._exit(1)


def _end_unheard(cell: BaseProcess) -> None:
    """Have this process end without a word when it finds out that its cell has ended by sending a result.

    The kernel tells a worker of a fork server when that one has ended, which is later. Until then multiprocessing
    would print a BrokenPipeError as an error of this process: what it writes for that goes through here.
    """
    if sys.stderr is None:
        return
    write = sys.stderr.write

    def write_unless_alone(text: str) -> int:
        if isinstance(sys.exception(), BrokenPipeError):
            with contextlib.suppress(ValueError):  # loky, as above
                cell.join(SECONDS_TO_END)
                if not cell.is_alive():
                    os._exit(1)
        return write(text)

    with contextlib.suppress(TypeError):  # a stream of somebody's own that has no attributes
        vars(sys.stderr)["write"] = write_unless_alone


def chunks_of(items: Sequence[Any], workers: int) -> list[Sequence[Any]]:
    """The items in as many parts as `multiprocessing.Pool.map` makes by default: four for each worker, or fewer."""
    size = max(1, math.ceil(len(items) / (4 * workers)))
    return [items[start : start + size] for start in range(0, len(items), size)]


def answer(seconds: float) -> str:
    """Hold one worker for a moment, so that the next question meets another one, and say which worker it was."""
    time.sleep(seconds)
    return f"{os.getpid()}:{threading.get_ident()}"


def wait_for_workers(
    workers: int, ask: Callable[[list[float]], Iterable[str]], seconds_most: float | None = None
) -> None:
    """Ask until that many distinct workers have answered; pools start workers late, or take tasks before all are up.

    `ask` has the pool call `answer` with each of the given pauses (seconds) and returns the answers.
    Raises WorkersNotStarted when the pool never has that many.
    """
    seconds_most = seconds_most or SECONDS_TO_START
    seen: set[str] = set()
    seconds, deadline = 0.001, time.monotonic() + seconds_most
    while len(seen) < workers:
        if time.monotonic() > deadline:
            raise WorkersNotStarted(workers, len(seen), seconds_most)
        seen.update(ask([seconds] * workers))
        seconds = min(2 * seconds, 0.05)


class NewChildren:
    """The processes that multiprocessing starts here from now on: those of the pool that is being opened."""

    def __init__(self, expected: int, call: TaskCall | None = None, start_method: str = "") -> None:
        """`call` and `start_method`: what they will run and how they start, where a fork server can make that short."""
        from parabench.workers.fork_server import have_fork_server_import  # not at the top: not for subinterpreters
        from parabench.workers.semaphores import name_semaphores

        name_semaphores()
        if call is not None:
            have_fork_server_import(call, start_method)
        self._expected = expected
        self._others = set(active_children())
        self.processes: list[BaseProcess] = []

    def look(self) -> None:
        """Take note of new children while they live: once dead, multiprocessing no longer lists them."""
        self.note([child for child in active_children() if child not in self._others])

    def note(self, processes: Sequence[BaseProcess]) -> None:
        """Take note of these, which the pool has started."""
        self.processes += processes
        self._others.update(processes)

    def ended(self) -> list[BaseProcess]:
        """Those that are no longer running."""
        ready = wait([process.sentinel for process in self.processes], timeout=0)
        return [process for process in self.processes if process.sentinel in ready]

    @property
    def broken(self) -> bool:
        """Whether one has ended, or had ended before it could be seen: then nothing tells of it later."""
        return len(self.processes) < self._expected or bool(self.ended())

    def death(self, siblings_ended_by: int) -> WorkerDied:
        """The error that names the worker which broke the pool.

        The pool ends its other workers by a signal of its own: a process that ended by anything else died first.
        """
        codes = {str(process.pid): _exit_code(process) for process in self.ended()}
        for pid, code in codes.items():
            if code not in (None, -siblings_ended_by):
                return WorkerDied(pid, code)
        # A worker that died while the pool started may never have been seen: then none of these has to be the one.
        if codes and len(self.processes) >= self._expected:
            return WorkerDied(*next(iter(codes.items())))
        return WorkerDied("of unknown id", None)

    def end(self, shut_down: Callable[[], object], *unblock: Callable[[], object]) -> None:
        """Have the pool end itself; when a worker has died, not longer than SECONDS_TO_END.

        An idle worker holds a lock of its pool. Killed, it never releases it, and the pool would wait for ever:
        `unblock` is what lets go of that, one after the other while the pool still waits, when no worker lives.
        """
        ending = threading.Thread(target=shut_down, name="end of a pool", daemon=True)
        ending.start()
        while ending.is_alive():
            ending.join(SECONDS_TO_END)
            self.look()
            if ending.is_alive() and any(_exit_code(process) for process in self.ended()):
                break
        for process in self.processes:  # also those that the pool started in place of dead ones
            if process.pid is not None and process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)  # loky's processes have no kill()
            process.join()
        for let_go in unblock:
            if ending.is_alive():
                let_go()
                ending.join(SECONDS_TO_END)
        ending.join(SECONDS_TO_END)


def _exit_code(process: BaseProcess) -> int | None:
    """The exit code of a process whose sentinel is ready; the system, or a thread of the pool, tells it a bit later."""
    for _ in range(100):
        if process.exitcode is not None:
            return process.exitcode
        time.sleep(0.01)
    return None
