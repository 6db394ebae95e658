"""multiprocessing.Process: a new process for each task, never more than N at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, find
from parabench.workers.fork_server import have_fork_server_import
from parabench.workers.pools import DEFAULT_START_METHOD, load_what_ends_with_cell
from parabench.workers.task_process import end_task, prepare_and_leave, start_task


@contextmanager
def open_process_per_task(workers: int, call: TaskCall) -> Iterator[Run]:
    """Bring up what every later process needs: the imported task to fork from, the platform's fork server."""
    with contextlib.suppress(Exception):  # the tasks meet the same error and report it, with traceback
        find(call.task)
        have_fork_server_import(call, DEFAULT_START_METHOD)
    load_what_ends_with_cell()
    first = multiprocessing.Process(target=prepare_and_leave, args=(call,))
    first.start()
    first.join()
    first.close()

    def run(batch: Batch) -> list[Outcome]:
        return _run_batch(batch, workers)

    yield run


def _run_batch(batch: Batch, workers: int) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    waiting = iter(enumerate(batch.items))
    try:
        while True:
            while len(running) < workers and (following := next(waiting, None)) is not None:
                index, item = following
                reader, process = start_task(batch.call, item)
                running[reader] = index, process
            if not running:
                return [outcomes[index] for index in range(len(batch.items))]
            ready: list[Any] = wait(list(running))
            for reader in ready:
                index, process = running.pop(reader)
                outcomes[index] = end_task(reader, process)
    finally:  # only an interrupted batch still has processes here
        for reader, (_, process) in running.items():
            process.kill()
            end_task(reader, process)


SNIPPET = """\
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait

from my_work import items, work


def run(item, writer):
    try:
        writer.send(work(item))
    except Exception as error:
        writer.send(f"{item!r} failed: {error!r}")


if __name__ == "__main__":
    todo, running, outcomes = list(enumerate(items)), {}, {}
    while todo or running:
        while todo and len(running) < 4:
            index, item = todo.pop(0)
            reader, writer = Pipe(duplex=False)
            Process(target=run, args=(item, writer)).start()
            writer.close()  # so that the end of the process is the end of the pipe
            running[reader] = index
        for reader in wait(list(running)):
            index = running.pop(reader)
            try:
                outcomes[index] = reader.recv()
            except EOFError:
                outcomes[index] = f"{items[index]!r} failed: its process died"
    for index in range(len(items)):
        print(outcomes[index])
"""

MODEL = Model(
    name="process-per-task",
    family="processes",
    description="a new multiprocessing.Process for each task",
    when=(
        "Few, long tasks that leak, crash or have to be killed: each has a process of its own, and its death costs "
        "that task only."
    ),
    limits=(
        "Milliseconds for each task with fork, a tenth of a second with spawn; nothing that a task opened serves the "
        "next one."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process", shares_memory=False, pickles=True, parallel_bytecode=True, start_method=DEFAULT_START_METHOD
    ),
    open=open_process_per_task,
    availability=always,
    variant=True,
)
