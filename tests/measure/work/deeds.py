"""Tasks with a known cost or a known fault, importable by every worker of the tests beside this folder."""

import contextlib
import functools
import mmap
import os
import shutil
import signal
import time
from pathlib import Path

from parabench.task import reference_to
from parabench.workload import Workload


def burn(seconds):
    start = time.thread_time()
    while time.thread_time() - start < seconds:
        pass
    return seconds


def hold(megabytes):
    # Straight from the system and back to it: an allocator may keep what the round before has freed.
    with mmap.mmap(-1, megabytes << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as block:
        for place in range(0, len(block), mmap.PAGESIZE):
            block[place] = 1
        time.sleep(0.6)
        return len(block)


def scribble(megabytes):
    Path(os.devnull).write_bytes(b"x" * (megabytes << 20))
    return megabytes


def echo(item):
    return item


def kill_self(item):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(item):
    os._exit(item)


def hang(item):
    time.sleep(600)


def hang_with_children(item):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    time.sleep(600)


def fail_on_three(item):
    if item == 3:
        raise ValueError("three is not allowed")
    return item


def whoami(item):
    return os.getpid()


def not_json(item):
    return {1, item, *"abc"}


def not_comparable(item):
    return object()


def kind_of(value):
    return type(value).__name__


def as_bytes(item):
    return bytes(item)


def length_and_kind(item):
    return [len(item), type(item).__name__]


def is_bytes(item, result):
    return result == [item, "bytes"]


def scale(item, factor):
    return item * factor


class Adder:
    """A context, whose method is a task as well."""

    def setup(self):
        self.amount = 10

    def teardown(self):
        del self.amount

    def add(self, item):
        return item + 1

    async def wait(self, item):
        return item + 2


def add_of(item, adder):
    return item + adder.amount


class Doubler:
    def __call__(self, item):
        return 2 * item


doubler = Doubler()
half = functools.partial(scale, factor=0.5)
adder = Adder()


def find_no_number(items, values, settings):
    return {"mean": float("nan")}


def remove_scratch(item):
    shutil.rmtree(os.environ["PARABENCH_SCRATCH"], ignore_errors=True)
    return item


def find_a_set(items, results, settings):
    return {"found": {1, 2}}


def wait(seconds):
    time.sleep(seconds)
    return seconds


def refuse(items, results, settings):
    raise AssertionError("the batch as a whole is wrong")


def count(items, results, settings):
    return {"tasks_seen": len(results)}


def workload(task, items, **fields):
    return Workload(
        name=reference_to(task).partition(":")[2].replace("_", "-"), task=task, items=lambda size: items, **fields
    )


def grow(item):
    item.append(len(item))
    return sum(item)


def echo_in(item, context):
    return item


_calls = []


def stop_answering(item):
    """`[call, whom, signal]`: at that call in this process the cell or its zygote gets a signal."""
    call, whom, number = item
    _calls.append(item)
    if len(_calls) == call:
        os.kill(os.getpid() if whom == "cell" else os.getppid(), number)
    return call


@contextlib.contextmanager
def stops_when_left(settings):
    yield
    os.kill(os.getpid(), signal.SIGSTOP)


def stop_before(items, settings):
    os.kill(os.getpid(), signal.SIGSTOP)


def stop_after(items, results, settings):
    os.kill(os.getpid(), signal.SIGSTOP)
