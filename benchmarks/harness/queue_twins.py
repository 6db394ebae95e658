"""The smallest program that each queue library's own documentation would have one write, at the settings of our models.

Each gives a function that sends tasks that do nothing and takes their results; the workers are this file run as a
script: `python queue_twins.py LIBRARY SOCKET WORKERS`.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Run = Callable[[list[int]], list[Any]]
SECONDS_KEPT = 600


def noop(item: int) -> int:
    """What is left is the model's own cost."""
    return item


def celery_app(socket: str) -> Any:
    """Late acknowledgement, one message ahead, JSON."""
    from celery import Celery

    app = Celery("twin", broker=f"redis+socket://{socket}", backend=f"redis+socket://{socket}", set_as_current=False)
    app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, result_expires=SECONDS_KEPT)
    app.task(name="noop")(noop)
    return app


def celery_worker(socket: str, workers: int, pool: str = "prefork") -> None:
    """One worker of N processes, or threads."""
    options = ["--pool", pool, "--concurrency", str(workers), "--loglevel", "CRITICAL"]
    celery_app(socket).worker_main(
        ["--quiet", "worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


@contextlib.contextmanager
def celery(socket: str) -> Iterator[Run]:
    """`delay` and `get`."""
    app = celery_app(socket)
    task = app.tasks["noop"]

    def run(items: list[int]) -> list[Any]:
        return [result.get() for result in [task.delay(item) for item in items]]

    yield run
    app.close()


def rq_queue(socket: str) -> Any:
    """A queue whose jobs are JSON."""
    import redis
    from rq import Queue
    from rq.serializers import JSONSerializer

    return Queue(connection=redis.Redis(unix_socket_path=socket), serializer=JSONSerializer)


def rq_worker(socket: str, _: int) -> None:
    """One process that runs jobs itself."""
    from rq import SimpleWorker
    from rq.serializers import JSONSerializer

    queue = rq_queue(socket)
    SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer).work(logging_level="CRITICAL")


@contextlib.contextmanager
def rq(socket: str) -> Iterator[Run]:
    """`enqueue` and `latest_result`."""
    queue = rq_queue(socket)

    def run(items: list[int]) -> list[Any]:
        jobs = [queue.enqueue("queue_twins.noop", item, job_timeout=-1, result_ttl=SECONDS_KEPT) for item in items]
        return [job.latest_result(timeout=1).return_value for job in jobs]

    yield run


def dramatiq_broker(socket: str) -> Any:
    """A broker that stores results, and one actor."""
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    backend = RedisBackend(url=f"unix://{socket}")
    results = Results(backend=backend, store_results=True)  # type: ignore[no-untyped-call]
    broker = RedisBroker(url=f"unix://{socket}", middleware=[results])  # type: ignore[no-untyped-call]
    dramatiq.actor(actor_name="noop", broker=broker)(noop)
    return broker


def dramatiq_worker(socket: str, threads: int) -> None:
    """One process of so many threads."""
    from dramatiq import Worker

    Worker(dramatiq_broker(socket), worker_threads=threads).start()
    signal.pause()


@contextlib.contextmanager
def dramatiq(socket: str) -> Iterator[Run]:
    """`send` and `get_result`."""
    broker = dramatiq_broker(socket)
    actor, backend = broker.get_actor("noop"), broker.get_results_backend()

    def run(items: list[int]) -> list[Any]:
        messages = [actor.send(item) for item in items]
        return [message.get_result(backend=backend, block=True, timeout=1000) for message in messages]

    yield run
    broker.close()


@contextlib.contextmanager
def dask(workers: int, *, processes: bool) -> Iterator[Run]:
    """`submit` and `result`, without what takes time from the tasks (dashboard, sampling)."""
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers if processes else 1,
            threads_per_worker=1 if processes else workers,
            processes=processes,
            host="127.0.0.1" if processes else None,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):

        def run(items: list[int]) -> list[Any]:
            return [future.result() for future in [client.submit(noop, item, pure=False) for item in items]]

        yield run


#: Model: its sending end; arguments of each of its workers' processes for N workers.
QUEUES: dict[str, tuple[Any, Callable[[int], list[list[str]]]]] = {
    "celery": (celery, lambda workers: [["celery", str(workers)]]),
    "celery-threads": (celery, lambda workers: [["celery-threads", str(workers)]]),
    "rq": (rq, lambda workers: [["rq", "1"]] * workers),
    "dramatiq": (dramatiq, lambda workers: [["dramatiq", "1"]] * workers),
    "dramatiq-threads": (dramatiq, lambda workers: [["dramatiq", str(workers)]]),
}


@contextlib.contextmanager
def twin(model: str, socket: str, workers: int) -> Iterator[Run]:
    """The program that is written by hand, ready to run."""
    if model.startswith("dask"):
        with dask(workers, processes=model == "dask") as run:
            yield run
        return
    send, processes_of = QUEUES[model]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    processes = [
        subprocess.Popen([sys.executable, __file__, name, socket, number], env=environment, stdout=subprocess.DEVNULL)
        for name, number in processes_of(workers)
    ]
    try:
        with send(socket) as run:
            yield run
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main(name: str, socket: str, number: str) -> None:
    """One process of workers."""
    serve = {
        "celery": celery_worker,
        "celery-threads": lambda socket, threads: celery_worker(socket, threads, "threads"),
        "rq": rq_worker,
        "dramatiq": dramatiq_worker,
    }[name]
    serve(socket, int(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
