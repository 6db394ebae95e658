"""A process that does one task, tells its outcome through a pipe, and ends."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from parabench.errors import WorkerDied
from parabench.records import Outcome
from parabench.task import TaskCall, failed, leave_process, lost
from parabench.workers.pools import end_with_cell


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
