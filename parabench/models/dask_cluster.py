"""Dask: a LocalCluster of N workers with one thread each, on loopback; one task per message.

A task whose worker dies is done again by another one; a task that takes its workers along every time is given up
(KilledWorker). Dask sends by pickle, whatever it is given; what is given here is names and JSON values only.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from parabench.errors import WorkerDied
from parabench.models.contract import Batch, Capabilities, Model, Run, needs_extra
from parabench.processes import answer, prepare_process, wait_for_workers
from parabench.records import Outcome
from parabench.task import TaskCall, failed, leave_thread, lost

#: A task that has taken so many workers along is given up.
DEATHS_MOST = 1
SECONDS_TO_CLOSE = 10


@contextmanager
def open_dask(workers: int, call: TaskCall, *, processes: bool) -> Iterator[Run]:
    """Start a scheduler and N workers, and end them."""
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of every death; so do the outcomes
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS_MOST,
        "distributed.worker.daemon": False,  # tasks may have processes of their own
        "distributed.admin.event-loop-monitor-interval": "1h",
        "distributed.worker.profile.enabled": False,  # its sampling takes CPU time from the tasks
    }
    scratch = os.environ.get("PARABENCH_SCRATCH")
    with (
        dask.config.set(settings),
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers if processes else 1,
            threads_per_worker=1 if processes else workers,
            processes=processes,
            host="127.0.0.1" if processes else None,  # threads need no socket
            dashboard_address=None,
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, timeout=SECONDS_TO_CLOSE) as client,  # type: ignore[no-untyped-call]
    ):
        if call.context_scope == "process" and not processes:
            call.prepare()

        def ask(work: Callable[[float], str]) -> Callable[[list[float]], Iterable[str]]:
            return lambda pauses: client.gather(client.map(work, pauses, pure=False))

        wait_for_workers(workers, ask(partial(_prepared, call, processes)))
        yield partial(_run, client)
        with contextlib.suppress(Exception):  # where workers have died, their contexts are gone, too
            wait_for_workers(workers, ask(_left))


def _prepared(call: TaskCall, processes: bool, pause: float) -> str:  # noqa: FBT001 - dask sends it by position
    """What a worker does first, in the thread that will run its tasks."""
    if processes:
        prepare_process(call)
    else:
        call.prepare()
    return answer(pause)


def _left(pause: float) -> str:
    """What a worker does last, in the same thread."""
    leave_thread()
    return answer(pause)


def _run(client: Any, batch: Batch) -> list[Outcome]:
    futures = [client.submit(batch.call, item, pure=False) for item in batch.items]
    return [_outcome(future) for future in futures]


def _outcome(future: Any) -> Outcome:
    from distributed import KilledWorker

    try:
        outcome: Outcome = future.result()
    except KilledWorker as error:
        last = error.last_worker
        return lost(WorkerDied(f"{getattr(last, 'address', last)}, the last of those that tried the task,", None))
    except Exception as error:  # what dask raises itself: a value that cannot be sent, a lost scheduler
        return failed(error)
    finally:
        with contextlib.suppress(Exception):
            future.release()
    return outcome


def _model(name: str, worker: str, description: str) -> Model:
    return Model(
        name=name,
        family="clusters",
        description=description,
        capabilities=Capabilities(
            worker=worker,
            shares_memory=worker == "thread",
            pickles=True,
            parallel_bytecode=worker == "process",
            start_method="spawn" if worker == "process" else None,
            needs_service=True,
        ),
        open=partial(open_dask, processes=worker == "process"),
        availability=needs_extra("distributed", "dask"),
        libraries=("dask", "distributed"),
        on_request=True,
    )


MODELS = (
    _model("dask", "process", "a Dask cluster of N processes on this machine"),
    _model("dask-threads", "thread", "a Dask worker of N threads on this machine"),
)
