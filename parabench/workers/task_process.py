"""A process that does one task, tells its outcome through a pipe, and ends."""

from __future__ import annotations

import multiprocessing
import sys
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from parabench.errors import WorkerDied
from parabench.records import Outcome
from parabench.task import TaskCall, failed, leave_process, lost
from parabench.workers.pools import DEFAULT_START_METHOD, end_with_cell

#: What `end_with_cell` imports as it is called.
_OF_EACH_TASK = ("parabench.workers.lifeline", "ctypes")


def have_fork_server_import(call: TaskCall) -> None:
    """Have the fork server, once it starts, import what each task needs, as it imports the main module of a program.

    A cell's main module imports nothing, so each process would import all of it anew: 60 ms where a program takes 4.
    """
    if DEFAULT_START_METHOD == "forkserver":
        names = (call.task, call.task_async, call.context, call.context_async)
        modules = [name.partition(":")[0] for name in names if name is not None]
        work = [module for module in modules if module in sys.modules]  # what raises as it is imported ends the server
        multiprocessing.set_forkserver_preload([__name__, *_OF_EACH_TASK, *work])


def start_task(call: TaskCall, item: Any) -> tuple[Connection, BaseProcess]:
    """Start the process, and the pipe that its outcome will come through."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_work, args=(call, item, writer))
    process.start()
    writer.close()  # the child holds the only other end: its death, too, makes the reader ready
    return reader, process


def end_task(reader: Connection, process: BaseProcess) -> Outcome:
    """The outcome, or how the process died; nothing of it is left."""
    try:
        outcome: Outcome = reader.recv()
    except (EOFError, OSError):  # OSError: the child died in the middle of its answer
        process.join()
        outcome = lost(WorkerDied(str(process.pid), process.exitcode))
    process.join()
    process.close()
    reader.close()
    return outcome


def _work(call: TaskCall, item: Any, writer: Connection) -> None:
    end_with_cell()
    try:
        outcome = call(item)
        try:
            writer.send(outcome)
        except Exception as error:  # the value does not pickle
            writer.send(failed(error))
    finally:
        leave_process()


def prepare_and_leave(call: TaskCall) -> None:
    """What a first process does, so that what later ones need is there."""
    call.prepare()
    leave_process()
