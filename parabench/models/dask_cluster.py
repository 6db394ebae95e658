"""Dask: N workers with one thread each, on loopback or under a scheduler that somebody else runs; one message per task.

A task whose worker dies is done again by another one; a task that takes its workers along every time is given up
(KilledWorker). Dask sends by pickle, whatever it is given; what is given here is names and JSON values only. TLS and
time-outs are Dask's own settings: its configuration files and DASK_... environment variables apply.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from parabench.clusters.dask_run import DaskRun
from parabench.clusters.dask_workers import external_cluster, left, own_cluster, prepared
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.task import Run, TaskCall, leave_process
from parabench.workers.pools import SECONDS_TO_LEAVE, wait_for_workers
from parabench.workers.services import OWN_SERVICES, Services

#: A task that has taken so many workers along is given up.
DEATHS_MOST = 1


@contextmanager
def open_dask(workers: int, call: TaskCall, services: Services = OWN_SERVICES, *, processes: bool) -> Iterator[Run]:
    """Start a scheduler and N workers, and end them; or use those of the scheduler that is named."""
    import dask
    import distributed  # noqa: F401 - settings are undone to what they were, which has to include its own

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of every death; so do the outcomes
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS_MOST,
        "distributed.worker.daemon": False,  # tasks may have processes of their own
        "distributed.admin.event-loop-monitor-interval": "1h",
        "distributed.worker.profile.enabled": False,  # its sampling takes CPU time from the tasks
    }
    address = services.dask_scheduler
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        client = stack.enter_context(
            own_cluster(workers, processes=processes)
            if address is None
            else external_cluster(address, workers, call, processes=processes)
        )
        stay = processes and address is None  # workers that end with the cell leave their contexts when they do
        if call.is_shared and not processes and address is None:
            call.prepare()

        def ask(work: Callable[[float], str]) -> Callable[[list[float]], Iterable[str]]:
            return lambda pauses: client.gather(client.map(work, pauses, pure=False))

        prepare = partial(wait_for_workers, workers, ask(partial(prepared, call, stay)))
        prepare()
        yield DaskRun(client, services, prepare)
        with contextlib.suppress(Exception):  # where workers have died, their contexts are gone, too
            if address is not None:
                client.run(leave_process)
            wait_for_workers(workers, ask(left), SECONDS_TO_LEAVE)


SNIPPET = """\
from dask.distributed import Client, LocalCluster
from my_work import items, work

if __name__ == "__main__":
    with LocalCluster(WORKERS, dashboard_address=None) as cluster, Client(cluster) as client:
        futures = [client.submit(work, item, pure=False) for item in items]
        for item, future in zip(items, futures):
            try:
                print(future.result(timeout=60))
            except Exception as error:
                print(f"{item!r} failed: {error!r}")
"""
WORKERS = {"process": "n_workers=4, threads_per_worker=1", "thread": "n_workers=1, threads_per_worker=4"}
WHEN = {
    "process": "Computing on several hosts, with data frames, arrays and tasks that need each other's results.",
    "thread": "As dask, for native code that releases the GIL, and for tasks that share large data.",
}
LIMITS = {
    "process": "Milliseconds of everybody's CPU time a task, and seconds to start. Everything is sent by pickle: "
    "whoever reaches the scheduler can run code there.",
    "thread": "What dask costs. With a GIL, pure Python runs on one core, and a dead worker takes its tasks along.",
}


def _model(name: str, worker: str, description: str) -> Model:
    return Model(
        name=name,
        family="clusters",
        description=description,
        when=WHEN[worker],
        limits=LIMITS[worker],
        snippet=SNIPPET.replace("WORKERS", WORKERS[worker]),
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
        address="dask_scheduler",
    )


MODELS = (
    _model("dask", "process", "a Dask cluster of N processes on this machine"),
    _model("dask-threads", "thread", "a Dask worker of N threads on this machine"),
)
