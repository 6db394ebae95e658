"""What a fork server imports before it forks, as that of a program does: then its processes start in milliseconds."""

from __future__ import annotations

import multiprocessing
import sys

from parabench.task import TaskCall

#: What each process needs to be a worker, and to end with its cell.
_OF_WORKERS = (
    "concurrent.futures.process",
    "ctypes",
    "multiprocessing.pool",
    "parabench.workers.installed",
    "parabench.workers.lifeline",
    "parabench.workers.pools",
    "parabench.workers.task_process",
)


def have_fork_server_import(call: TaskCall, start_method: str) -> None:
    """Have the fork server, once it starts, import what each worker needs; nothing where there is none.

    That of a program imports its main module, and with it the work. A cell's main module imports nothing, so each
    process would import all of it anew: 60 ms where a program takes 4.
    """
    if start_method == "forkserver":
        names = (call.task, call.task_async, call.context, call.context_async)
        modules = [name.partition(":")[0] for name in names if name is not None]
        work = [module for module in modules if module in sys.modules]  # what raises as it is imported ends the server
        multiprocessing.set_forkserver_preload([*_OF_WORKERS, *work])
