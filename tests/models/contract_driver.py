"""Runs checks on one model in a process of its own, where a killed worker or a leftover can hurt nothing but itself.

    python -m contract_driver ANSWER.json MODEL[/CHUNK] CHECK...

writes {check: observation, or {"error": traceback}}; the tests judge, this only observes.
"""

import contextlib
import faulthandler
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.models import find_models
from parabench.task import Batch, TaskCall, leave_process
from parabench.workers.services import Services

WORKERS = 3


def call_of(name, **fields):
    return TaskCall(task=f"tasks_for_tests:{name}", **fields)


def observe(model, call, items, workers=WORKERS):
    """The outcomes of one batch, as (value, failure, trace) lists."""
    with model.open(workers, call) as run:
        return [list(outcome) for outcome in run(Batch(call, items))]


def order(model):
    return observe(model, call_of("wait_then_square"), list(range(12)))


def failures(model):
    """Errors, and a value that cannot travel, in a batch each on the same workers."""
    call = call_of("fail")
    with model.open(WORKERS, call) as run:
        raised = [list(outcome) for outcome in run(Batch(call, ["good", "plain", "unpicklable", "fine"]))]
        lock = run(Batch(call, ["before", "lock", "after"]))
    return {
        "raised": raised,
        "unpicklable_value": [[value if isinstance(value, str) else None, *rest] for value, *rest in lock],
    }


VALUES = [
    "x" * 1_000_000,
    "häßlich \U0001f40d 漢字 \u2028\n\x00",
    None,
    True,
    -1.5e300,
    {"a": [1, {"b": [None, [], {}]}], "": "empty"},
]


def echoes(model):
    """Batches of all sorts on the same workers: starting them is what costs."""
    call, tasks = call_of("echo"), 20 if model.name == "process-per-task" else 500
    with model.open(WORKERS, call) as run:
        empty = run(Batch(call, []))
        first = [outcome.value for outcome in run(Batch(call, [1, 2, 3]))]
        # The instrumented round of a cell: the same call, but traced, on workers that are open already.
        second = run(Batch(replace(call, traced=True), [4, 5, 6, 7]))
        values = run(Batch(call, VALUES))
        many = [outcome.value for outcome in run(Batch(call, list(range(tasks))))]
    return {
        "empty": [list(outcome) for outcome in empty],
        "two_batches": [
            first,
            [outcome.value for outcome in second],
            [outcome.trace is not None for outcome in second],
        ],
        "values": [list(outcome) for outcome in values],
        "many": [tasks, many],
    }


def one_worker(model):
    return observe(model, call_of("interval", task_async="tasks_for_tests:interval_async"), [0.02] * 4, workers=1)


def together(model):
    call = call_of("interval", task_async="tasks_for_tests:interval_async", traced=True)
    return observe(model, call, [0.4] * (2 * WORKERS))


def twin(model):
    call = call_of("say_sync", task_async="tasks_for_tests:say_async")
    return [value for value, *_ in observe(model, call, [1, 2])]


def gives_up(model):
    if not model.capabilities.accepts_coroutines:
        return None
    return observe(
        model, call_of("echo", task_async="tasks_for_tests:give_up_async"), ["fine", "asyncio", "own", "fine"]
    )


def contexts(model, scope="process"):
    """How often the context was entered before the first task and in all, and left, over 8 tasks in two batches."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.touch()
        call = call_of(
            "own_context",
            task_async="tasks_for_tests:own_context_async",
            context="tasks_for_tests:noted",
            context_async="tasks_for_tests:noted_async",
            context_scope=scope,
            settings=json.dumps({"log": str(log)}),
        )
        with model.open(WORKERS, call) as run:
            before = log.read_text().split()
            own = [outcome.value for _ in range(2) for outcome in run(Batch(call, [0] * 4))]
        leave_process()
        words = log.read_text().split()
    counts = {"before": before.count("enter"), "entered": words.count("enter"), "left": words.count("leave")}
    return {**counts, "own": own}


def thread_contexts(model):
    return contexts(model, "thread")


def coroutine(model):
    """A coroutine function as the task itself, with a context of the loop: outcomes, and how often it was entered."""
    if model.name == "gevent":
        return None
    with tempfile.NamedTemporaryFile("r") as log:
        names = {"task_async": "tasks_for_tests:in_its_loop", "context_async": "tasks_for_tests:noted_loop"}
        call = call_of("in_its_loop", **names, settings=json.dumps({"log": log.name}))
        outcomes = observe(model, call, [*[0] * 6, "gives up", 0])
        leave_process()
        words = log.read().split()
    return {"outcomes": outcomes, "entered": words.count("enter"), "left": words.count("leave")}


def leftovers(model):
    """What is left after each of three openings: the first pays for what a process has once, the last one raised."""
    _open_and_close(model)
    first = _what_there_is()
    _open_and_close(model)
    second = _what_there_is()
    with contextlib.suppress(ZeroDivisionError):
        _open_and_close(model, lambda: 1 / 0)
    return [first, second, _what_there_is()]


def _open_and_close(model, at_the_end=lambda: None):
    call = call_of("echo")
    with model.open(WORKERS, call) as run:
        run(Batch(call, [1, 2, 3, 4]))
        at_the_end()


def _what_there_is():
    import psutil

    for _ in range(3):  # PyPy finds some of the garbage only after it has finalised other garbage
        gc.collect()
    me = psutil.Process()
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "children": sorted([child.pid, child.name()] for child in me.children(recursive=True)),
        "file descriptors": me.num_fds(),
        "temporary files": sorted(str(path) for path in Path(tempfile.gettempdir()).iterdir()),
        "shared memory": sorted(str(path) for path in Path("/dev/shm").glob(f"*{os.getpid()}*")),
        "semaphores": sum("/dev/shm/sem" in line for line in Path("/proc/self/maps").read_text().splitlines()),
    }


def _death(model, item):
    """A batch in which the first task ends its worker, then a second batch, then the closing."""
    call = call_of("misbehave")
    started = time.monotonic()
    with model.open(2, call) as run:
        opened = time.monotonic()
        items = [item, *[["quick", 0]] * 3, ["slow", 1.5], ["quick", 0]]
        outcomes = [list(outcome) for outcome in run(Batch(call, items))]
        batch = time.monotonic()
        second = _outcomes_or_error(run, Batch(call, [["quick", 0]] * 3))
        ended = time.monotonic()
    return {
        "outcomes": outcomes,
        "second": second,
        "seconds": {
            "open": opened - started,
            "batch": batch - opened,
            "second": ended - batch,
            "close": time.monotonic() - ended,
        },
        "threads left": _threads_left(),
    }


def _threads_left(seconds=2.0):
    """Threads other than this one; those that a broken pool leaves behind to end by themselves get a moment."""
    deadline = time.monotonic() + seconds
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    return [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]


def killed(model):
    return _death(model, ["kill", 0.5])


def exited(model):
    return _death(model, ["exit", 0.5])


def killed_in_chunk(model):
    """Of 24 tasks of 2 workers, which makes chunks of 3, one kills its worker, later than the others are done."""
    call = call_of("misbehave")
    items = [["quick", 0]] * 24
    items[22] = ["kill", 0.7]
    with model.open(2, call) as run:
        return [list(outcome) for outcome in run(Batch(call, items))]


def together_in_chunks(model):
    """Tasks of 30 ms, traced: so many that chunks hold several."""
    return observe(model, call_of("interval", traced=True), [0.03] * 24, workers=2)


def killed_while_idle(model):
    call = call_of("echo", traced=True)
    with model.open(2, call) as run:
        victim = int(run(Batch(call, [1]))[0].trace.worker.split(":")[0])
        assert victim != os.getpid(), "the worker is this process"
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.2)
        return _outcomes_or_error(run, Batch(call, [1, 2, 3]))


def killed_and_closed(model):
    """An idle worker is killed and the model closed without another batch."""
    call = call_of("echo", traced=True)
    with model.open(2, call) as run:
        victim = int(run(Batch(call, [1]))[0].trace.worker.split(":")[0])
        assert victim != os.getpid(), "the worker is this process"
        os.kill(victim, signal.SIGKILL)
    return [child for child in _what_there_is()["children"] if child[0] == victim]


def dies_at_start(model):
    """The context ends every worker that enters it: before the first task, or with it."""
    context = "tasks_for_tests:exits_in_a_worker"
    call = call_of("ignore_context", context=context, settings=json.dumps({"pid": os.getpid()}))
    try:
        with model.open(2, call) as run:
            return _outcomes_or_error(run, Batch(call, [1, 2, 3]))
    except ParabenchError as error:
        return [[None, [type(error).__name__, str(error), ""], None]]


def _outcomes_or_error(run, batch):
    try:
        return [list(outcome) for outcome in run(batch)]
    except ParabenchError as error:
        return [[None, [type(error).__name__, str(error), ""], None]]


def main():
    answer, name, *checks = sys.argv[1:]
    faulthandler.dump_traceback_later(25)
    name, _, chunk = name.partition("/")
    model = find_models()[name]
    if chunk:
        model = replace(model, open=partial(model.open, chunk=chunk))
    if name == "ray":  # the tests have put this process where nobody else can reach it
        model = replace(model, open=partial(model.open, services=Services(ray_local=True)))
    observations = {}
    for check in checks:
        try:
            observations[check] = globals()[check](model)
        except Exception:
            observations[check] = {"error": traceback.format_exc()}
    Path(answer).write_text(json.dumps(observations), encoding="utf-8")


if __name__ == "__main__":
    main()
