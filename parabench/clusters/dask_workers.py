"""Dask's workers: started here, or found at somebody else's scheduler; what each does first and last."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from parabench.errors import SchedulerUnreachable, WorkersDiffer, WorkersMissing, spelled
from parabench.task import TaskCall, call_to_text, leave_thread
from parabench.workers.environment import SCRATCH_VARIABLE
from parabench.workers.introduction import difference, introduce, introduction_for
from parabench.workers.pools import answer, prepare_process

SECONDS_TO_CLOSE = 10
#: A scheduler elsewhere has to answer within this time.
SECONDS_TO_CONNECT = 5


@contextmanager
def own_cluster(workers: int, *, processes: bool) -> Iterator[Any]:
    """A client of a cluster on loopback: N processes of one thread, or one worker of N threads in this process."""
    import dask
    import distributed

    scratch = os.environ.get(SCRATCH_VARIABLE)
    with (
        # The scheduler has a folder of its own, and takes no argument for it.
        dask.config.set({"temporary-directory": scratch} if scratch else {}),
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
        yield client


@contextmanager
def external_cluster(address: str, workers: int, call: TaskCall, *, processes: bool) -> Iterator[Any]:
    """A client of somebody else's scheduler whose workers are of the wanted kind and do the same work.

    Raises SchedulerUnreachable, WorkersMissing or WorkersDiffer.
    """
    import distributed

    try:
        connected = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=SECONDS_TO_CONNECT, set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:
        raise SchedulerUnreachable("Dask scheduler", address, f"{type(error).__name__}: {error}") from None
    with connected as client:
        known = client.scheduler_info(n_workers=-1)["workers"]
        shape = Counter(worker["host"] for worker in known.values() for _ in range(worker["nthreads"]))
        alone = [worker["nthreads"] for worker in known.values()] == ([1] * workers if processes else [workers])
        if not alone:
            kind = f"{workers} Dask workers of 1 thread" if processes else f"1 Dask worker of {workers} threads"
            hint = "dask worker ADDRESS --nworkers N --nthreads 1" if processes else "dask worker ADDRESS --nthreads N"
            raise WorkersMissing(
                kind,
                dict(shape),
                address,
                f"'PYTHONPATH=. {hint}' starts them, and {spelled('--workers')} says how many",
            )
        expected = introduction_for(call)
        peers = sorted({address.partition("://")[2].rpartition(":")[0], *shape})
        try:
            introductions = client.run(introduce, call_to_text(call), peers)
        except Exception as error:  # parabench is not there
            raise WorkersDiffer(", ".join(sorted(shape)), f"they cannot import what they need: {error}") from None
        for worker, introduction in introductions.items():
            if (other := difference(expected, introduction)) is not None:
                raise WorkersDiffer(worker, other)
        yield client


def prepared(call: TaskCall, stay: bool, pause: float) -> str:  # noqa: FBT001 - dask sends it by position
    """What a worker does first, in the thread that will run its tasks."""
    import socket

    if stay:
        prepare_process(call)
    else:
        call.prepare()
    return f"{socket.gethostname()}:{answer(pause)}"


def left(pause: float) -> str:
    """What a worker does last, in the same thread."""
    leave_thread()
    return answer(pause)
