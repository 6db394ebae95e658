"""gevent.pool.Pool: N greenlets in one thread, in a process of their own, so that patching touches nothing else.

The process is started by `python -m gevent.monkey`, which patches the standard library before it imports anything else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from parabench.errors import WorkerDied
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, call_from_text, call_to_text, leave_process, leave_thread, lost
from parabench.workers.line_process import line_of, line_process, outcome_of


@contextmanager
def open_gevent(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the process and its N greenlets. Raises WorkerDied when it ends before all have prepared the call."""
    with line_process(["gevent.monkey", "--module", __name__, str(workers)]) as process:

        def run(batch: Batch) -> list[Outcome]:
            try:
                return [outcome_of(parts) for parts in process.exchange([call_to_text(batch.call), list(batch.items)])]
            except WorkerDied as death:
                return [lost(death)] * len(batch.items)

        process.exchange(call_to_text(call))
        yield run


def _serve(workers: int, requests: IO[str], answers: IO[str]) -> None:
    """Inside the process: prepare N greenlets, then answer batches until there are no more."""
    from gevent.pool import Pool
    from gevent.queue import Queue

    todo, done = Queue(), Queue()
    call = call_from_text(json.loads(requests.readline()))
    pool = Pool(workers)
    for _ in range(workers):
        pool.spawn(_work, call, todo, done)
    for _ in range(workers):
        done.get()
    print("null", file=answers, flush=True)
    for line in requests:
        text, items = json.loads(line)
        attempt = call_from_text(text).bound()
        for index, item in enumerate(items):
            todo.put((attempt, index, item))
        outcomes: dict[int, Outcome] = dict(done.get() for _ in items)
        print(line_of([outcomes[index] for index in range(len(items))], call.digest), file=answers, flush=True)
    for _ in range(workers):
        todo.put(None)
    pool.join()
    leave_process()


def _work(call: TaskCall, todo: Any, done: Any) -> None:
    """One greenlet, which is one worker: what it entered for itself serves all its tasks, as a pooled thread's does."""
    call.prepare()
    done.put(None)
    while (following := todo.get()) is not None:
        attempt, index, item = following
        outcome = attempt(item)
        if outcome.trace is not None:  # greenlets share a thread: its CPU time is not one task's own
            outcome = outcome._replace(trace=outcome.trace._replace(seconds_cpu=None))
        done.put((index, outcome))
    leave_thread()


SNIPPET = """\
from gevent import monkey

monkey.patch_all()  # before anything that it patches is imported

from gevent.pool import Pool
from my_work import items, work


def run(item):
    try:
        return work(item)
    except Exception as error:  # map would raise it, and lose the others
        return f"{item!r} failed: {error!r}"


for outcome in Pool(4).map(run, items):
    print(outcome)
"""

MODEL = Model(
    name="gevent",
    family="greenlets",
    description="gevent greenlets in a patched process of their own",
    when="Many waits at once in existing blocking code, which stays as it is.",
    limits=(
        "One core. The standard library is patched in the whole process; native clients that wait in C (many database "
        "drivers, gRPC) hold up all others."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="greenlet", shares_memory=True, pickles=False, parallel_bytecode=False, json_only=True
    ),
    open=open_gevent,
    availability=needs_extra("gevent", "gevent"),
    libraries=("gevent", "greenlet"),
)

if __name__ == "__main__":
    with (
        os.fdopen(int(sys.argv[2]), encoding="utf-8") as incoming,
        os.fdopen(int(sys.argv[3]), "w", encoding="utf-8") as outgoing,
    ):
        _serve(int(sys.argv[1]), incoming, outgoing)
