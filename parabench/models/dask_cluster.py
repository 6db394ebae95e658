"""Dask: N workers with one thread each, on loopback or under a scheduler that somebody else runs; one message per task.

A task whose worker dies is done again by another one; a task that takes its workers along every time is given up
(KilledWorker). Dask sends by pickle, whatever it is given; what is given here is names and JSON values only. TLS and
time-outs are Dask's own settings: its configuration files and DASK_... environment variables apply.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from parabench.errors import SchedulerUnreachable, WorkerDied, WorkersDiffer, WorkersMissing
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.queues.clock_offset import align, offset_of
from parabench.queues.serving import difference, introduce, introduction_for
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, call_to_text, failed, leave_process, leave_thread, lost
from parabench.workers.pools import SECONDS_TO_LEAVE, answer, prepare_process, wait_for_workers
from parabench.workers.services import OWN_SERVICES, Services

#: A task that has taken so many workers along is given up.
DEATHS_MOST = 1
SECONDS_TO_CLOSE = 10
#: A scheduler elsewhere has to answer within this time.
SECONDS_TO_CONNECT = 5


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
            _own(workers, processes) if address is None else _external(address, workers, call, processes)
        )
        stay = processes and address is None  # workers that end with the cell leave their contexts when they do
        if call.context_scope == "process" and not processes and address is None:
            call.prepare()

        def ask(work: Callable[[float], str]) -> Callable[[list[float]], Iterable[str]]:
            return lambda pauses: client.gather(client.map(work, pauses, pure=False))

        wait_for_workers(workers, ask(partial(_prepared, call, stay)))
        yield _DaskRun(client, services)
        with contextlib.suppress(Exception):  # where workers have died, their contexts are gone, too
            if address is not None:
                client.run(leave_process)
            wait_for_workers(workers, ask(_left), SECONDS_TO_LEAVE)


@contextmanager
def _own(workers: int, processes: bool) -> Iterator[Any]:  # noqa: FBT001 - a private function
    import distributed

    with (
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers if processes else 1,
            threads_per_worker=1 if processes else workers,
            processes=processes,
            host="127.0.0.1" if processes else None,  # threads need no socket
            dashboard_address=None,
            local_directory=os.environ.get("PARABENCH_SCRATCH"),
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, timeout=SECONDS_TO_CLOSE) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


@contextmanager
def _external(address: str, workers: int, call: TaskCall, processes: bool) -> Iterator[Any]:  # noqa: FBT001 - as above
    """A client of somebody else's scheduler whose workers are of the wanted kind and do the same work."""
    import distributed

    try:
        connected = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=SECONDS_TO_CONNECT, set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:
        raise SchedulerUnreachable("Dask scheduler", address, f"{type(error).__name__}: {error}") from None
    with connected as client:
        found = client.scheduler_info(n_workers=-1)["workers"]
        shape = Counter(worker["host"] for worker in found.values() for _ in range(worker["nthreads"]))
        alone = [worker["nthreads"] for worker in found.values()] == ([1] * workers if processes else [workers])
        if not alone:
            kind = f"{workers} Dask workers of 1 thread" if processes else f"1 Dask worker of {workers} threads"
            hint = "dask worker ADDRESS --nworkers N --nthreads 1" if processes else "dask worker ADDRESS --nthreads N"
            raise WorkersMissing(
                kind, dict(shape), address, f"'PYTHONPATH=. {hint}' starts them, and --workers says how many"
            )
        expected = introduction_for(call)
        peers = sorted({address.partition("://")[2].rpartition(":")[0], *shape})
        try:
            answers = client.run(introduce, call_to_text(call), peers)
        except Exception as error:  # parabench is not there
            raise WorkersDiffer(", ".join(sorted(shape)), f"they cannot import what they need: {error}") from None
        for worker, told in answers.items():
            if (other := difference(expected, told)) is not None:
                raise WorkersDiffer(worker, other)
        yield client


def _prepared(call: TaskCall, stay: bool, pause: float) -> str:  # noqa: FBT001 - dask sends it by position
    """What a worker does first, in the thread that will run its tasks."""
    import socket

    if stay:
        prepare_process(call)
    else:
        call.prepare()
    return f"{socket.gethostname()}:{answer(pause)}"


def _left(pause: float) -> str:
    """What a worker does last, in the same thread."""
    leave_thread()
    return answer(pause)


class _DaskRun:
    """Runs batches on a cluster."""

    def __init__(self, client: Any, services: Services) -> None:
        self._client = client
        self._seconds_silence = services.seconds_silence
        self._external = services.dask_scheduler is not None
        self._workers = self._known()
        self._expected = len(self._workers)
        self.blind = (
            "workers that the user has started are not in the process tree: their CPU time is in the timeline only"
            if self._external
            else None
        )

    def __call__(self, batch: Batch) -> list[Outcome]:
        """Submit all tasks, and wait for what becomes of each."""
        futures = [self._client.submit(batch.call, item, pure=False) for item in batch.items]
        deadline = time.monotonic() + 2 * self._seconds_silence if self._external else None
        outcomes = [self._outcome(future, deadline) for future in futures]
        if batch.call.traced and self._external:
            return align(outcomes, self._clocks())
        return outcomes

    def disturbed(self) -> dict[str, int]:
        """What else had a part in the last batch: workers that are gone, or that are there for the first time."""
        before, self._workers = self._workers, self._known()
        surplus = len(self._workers) - self._expected
        counts = {
            "workers lost": len(before - self._workers),
            "workers new": len(self._workers - before),
            "workers missing": max(0, -surplus),
            "workers too many": max(0, surplus),
        }
        return {cause: count for cause, count in counts.items() if count}

    def _known(self) -> set[str]:
        """Names of the workers, which differ from those of any that take their place."""
        found = self._client.scheduler_info(n_workers=-1)["workers"]
        return {f"{address} {worker['id']}" for address, worker in found.items()}

    def _outcome(self, future: Any, deadline: float | None) -> Outcome:
        from distributed import KilledWorker

        try:
            left = None if deadline is None else max(0.01, deadline - time.monotonic())
            outcome: Outcome = future.result(timeout=left)
        except KilledWorker as error:
            last = error.last_worker
            return lost(WorkerDied(f"{getattr(last, 'address', last)}, the last of those that tried the task,", None))
        except Exception as error:  # what dask raises itself: a value that cannot be sent, a lost scheduler, no news
            return failed(error)
        finally:
            with contextlib.suppress(Exception):
                future.release()
        return outcome

    def _clocks(self) -> dict[str, tuple[float, float] | None]:
        """Offset of every host's clock, asked of one of its workers."""
        hosts = {host: worker for worker, host in self._client.run(_host).items()}
        return {host: offset_of(partial(self._clock, worker)) for host, worker in hosts.items()}

    def _clock(self, worker: str) -> float:
        return float(self._client.run(time.monotonic, workers=[worker])[worker])


def _host() -> str:
    import socket

    return socket.gethostname()


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
