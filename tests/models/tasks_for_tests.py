"""Tasks that any worker can import by name: what the contract suite has models run."""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path


def echo(item):
    return item


def wait_then_square(item):
    time.sleep(item * 7 % 5 / 100)
    return item * item


def interval(item):
    """Sleeps that long (seconds) and returns when that was, by the clock that all processes of a host share."""
    started = time.monotonic()
    time.sleep(item)
    return [started, time.monotonic()]


async def interval_async(item):
    try:
        from anyio import sleep  # under whichever library runs the loop
    except ImportError:
        from asyncio import sleep

    started = time.monotonic()
    await sleep(item)
    return [started, time.monotonic()]


class UnpicklableError(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")
        self.lock = threading.Lock()


def fail(item):
    """Raises what the item says, or returns it, or for "lock" something that cannot travel."""
    if item == "plain":
        raise ValueError("plain went wrong: ünïcode")
    if item == "unpicklable":
        raise UnpicklableError("this", "that")
    if item == "exit":
        raise SystemExit("a task wants to end the process")
    return threading.Lock() if item == "lock" else item


def misbehave(item):
    """Waits, then does what the item says: be killed, exit, or just return."""
    act, seconds = item
    time.sleep(seconds)
    if act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    if act == "exit":
        os._exit(3)
    return act


def say_sync(item):
    return "sync"


async def say_async(item):
    return "async"


async def give_up_async(item):
    """Ends as a cancelled task does, though nobody has cancelled it; "own" is the way of the library of the loop."""
    import asyncio

    if item == "fine":
        return item
    if item == "own" and "trio" in sys.modules and sys.modules["trio"].lowlevel.in_trio_run():
        raise await _leaked_cancellation()
    raise asyncio.CancelledError("nobody waits for this")


async def _leaked_cancellation():
    """trio's exception for cancelled tasks, out of the scope that it belongs to; trio makes it, nobody else may."""
    import trio

    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            kept = error
            raise
    return kept


async def in_its_loop(item, loop):
    """Whether the loop that awaits it is the one in which its context was entered."""
    import asyncio

    if item == "gives up":
        raise asyncio.CancelledError("nobody waits for this")
    return loop is _running_loop()


def _running_loop():
    if "trio" in sys.modules and sys.modules["trio"].lowlevel.in_trio_run():
        return sys.modules["trio"].lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()


@contextlib.asynccontextmanager
async def noted_loop(settings):
    _note(settings, f"enter {threading.get_ident()}")
    yield _running_loop()
    _note(settings, f"leave {threading.get_ident()}")


def _note(settings, word):
    # One short write with O_APPEND: whole lines, whoever else writes.
    with Path(settings["log"]).open("a", encoding="utf-8") as log:
        log.write(f"{word}\n")


@contextlib.contextmanager
def noted(settings):
    _note(settings, "enter")
    try:
        yield {"pid": os.getpid()}
    finally:
        _note(settings, "leave")


@contextlib.asynccontextmanager
async def noted_async(settings):
    with noted(settings) as value:
        yield value


class NotedByClass:
    """The same as an object, of which nothing is left by itself when it is collected; a generator would be."""

    def __init__(self, settings):
        self._settings = settings

    def __enter__(self):
        _note(self._settings, f"enter {threading.get_ident()}")
        return {"pid": os.getpid()}

    def __exit__(self, *error):
        _note(self._settings, f"leave {threading.get_ident()}")


@contextlib.contextmanager
def exits_in_a_worker(settings):
    if os.getpid() != settings["pid"]:
        os._exit(4)
    yield None


def own_context(item, context):
    time.sleep(0.01)
    return context["pid"] == os.getpid()


async def own_context_async(item, context):
    return context["pid"] == os.getpid()


def ignore_context(item, context):
    return item


def patched(item):
    """Whether the standard library is gevent's, also where `parabench.task` took it from."""
    import socket

    from parabench import task

    taken = [
        type(task._per_thread).__mro__[1],
        type(task.threading.RLock()._block),  # gevent builds its RLock of Python's own class and its own lock
        task.threading.get_ident,
        time.sleep,
        socket.socket,
    ]
    return [thing.__module__.startswith("gevent") for thing in taken]


def dies_with(what):
    """Is killed in a process of `multiprocessing.Pool`, with what the pool's processes share in hand."""
    if what == "nothing":  # the other process lets go of the tasks while it has one
        time.sleep(0.5)
        return
    frame = sys._getframe()
    while "outqueue" not in frame.f_locals:
        frame = frame.f_back
    tasks, results = frame.f_locals["inqueue"], frame.f_locals["outqueue"]
    if what == "lock of tasks":
        tasks._rlock.acquire()
    else:
        results._wlock.acquire()
    if what == "half a result":
        os.write(results._writer.fileno(), b"\0\0\1\0half")
    os.kill(os.getpid(), signal.SIGKILL)


def semaphores_of_caller(item):
    """Names of the semaphores that the process which started this one has made."""
    names = [path.name for path in Path("/dev/shm").glob("sem.*")]
    return " ".join(sorted(name for name in names if f"-{os.getppid()}-" in name))
