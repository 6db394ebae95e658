"""Servers that somebody else runs, named on the command line: whole sessions, as stored and as shown."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_helpers import PASSWORD, Broker, model_or_skip
from user_project import Project

from parabench.errors import SchedulerUnreachable
from parabench.models import find_models
from parabench.task import TaskCall
from parabench.workers.services import Services

WORK = "def mine(item):\n    return item * 2\n"
SESSION = ("--passes", "1", "--rounds", "1", "--workers", "2")


def said(result: pytest.RunResult) -> str:
    return "\n".join([*result.outlines, *result.errlines])


def stored_text(project: Project) -> str:
    return "".join(path.read_text() for path in (project.root / "results").rglob("*.json"))


def test_a_session_on_an_external_broker_tells_so_and_keeps_its_password(project: Project, broker: Broker) -> None:
    model_or_skip("celery")
    project.workload("mine", WORK)
    project.experiment()
    result = project.pytest("benchmarks", *SESSION, "--models", "sequential,celery", "--celery-broker", broker.url)
    assert result.ret == 0
    session = project.stored()
    infos = {one["extra_info"]["model"]: one["extra_info"] for one in session["benchmarks"]}
    assert infos["celery"]["libraries"]["service"] == "external"
    assert "service" not in infos["sequential"]["libraries"]
    assert infos["celery"]["findings"][0]["queue"]["tasks_done_twice"] == 0
    assert infos["celery"]["findings"][0]["queue"]["bytes_received"] > 1000
    assert session["parabench"]["options"]["external_services"] == ["broker"]
    assert PASSWORD not in stored_text(project) + said(result)
    assert [key for key in broker.names() if key.startswith("parabench")] == []


SPY = """\
import os
from pathlib import Path

def mine(item):
    inherited = Path("/proc/self/environ")
    assert "PARABENCH_BROKER" not in os.environ
    assert not inherited.exists() or b"PARABENCH_BROKER" not in inherited.read_bytes()
    return 1
"""


def test_no_cell_and_no_worker_inherits_the_address_of_the_broker(
    project: Project, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_or_skip("celery")
    monkeypatch.setenv("PARABENCH_BROKER", broker.url)
    project.workload("mine", SPY)
    project.experiment()
    result = project.pytest("benchmarks", *SESSION, "--models", "sequential,celery")
    assert result.ret == 0, said(result)
    assert project.stored()["parabench"]["options"]["external_services"] == ["broker"], "the session itself uses it"


@pytest.mark.slow
def test_failures_of_external_servers_name_them_without_their_password(project: Project, broker: Broker) -> None:
    model_or_skip("celery")
    project.workload("mine", WORK)
    project.experiment()
    arguments = ("--models", "celery,rq", "--broker", broker.url, "--workers-external")
    result = project.pytest("benchmarks", *SESSION, *arguments)
    assert result.ret == 1
    text = " ".join(said(result).split())
    assert f"2 workers of celery are wanted at redis://:***@127.0.0.1:{broker.port}/0; ready are: none" in text
    assert PASSWORD not in stored_text(project) + said(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--broker", "http://:hunter2@h"), "--broker 'http://:***@h' cannot be used: expected a URL such as redis://"),
        (("--workers-external",), "--workers-external 'true' cannot be used: expected --broker URL beside it"),
    ],
)
def test_addresses_that_cannot_be_used_are_usage_errors(
    project: Project, arguments: tuple[str, ...], message: str
) -> None:
    project.workload("mine", WORK)
    project.experiment()
    result = project.pytest("benchmarks", *arguments)
    assert result.ret == 4
    assert message in said(result)
    assert "hunter2" not in said(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("celery",), "where is the queue of 'celery'? Name it with --broker redis://HOST:6379/0"),
        (
            ("sequential", "--broker", "redis://h"),
            "no model with workers of its own matches 'sequential'; known: celery",
        ),
        (
            ("celery", "--broker", "redis://:hunter2@127.0.0.1:1/0"),
            "the broker at redis://:***@127.0.0.1:1/0 cannot be used",
        ),
    ],
)
def test_what_parabench_worker_says_when_it_cannot_work(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    model_or_skip("celery")
    (tmp_path / "workloads").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PARABENCH_BROKER"}
    command = [sys.executable, "-c", "from parabench.cli import main; main()", "worker", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(params=["tcp", "tls"])
def scheduler(request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Dask scheduler with two workers, started as one would by hand; its TLS is set by Dask's own variables."""
    model_or_skip("dask")
    if request.param == "tls":
        if shutil.which("openssl") is None:
            pytest.skip("there is no openssl to make a certificate with")
        key, certificate = project.root / "key.pem", project.root / "certificate.pem"
        subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
        command = ["openssl", "req", "-x509", *subject, "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        for name, value in {
            "CA_FILE": certificate,
            **dict.fromkeys(["CLIENT__CERT", "SCHEDULER__CERT", "WORKER__CERT"], certificate),
            **dict.fromkeys(["CLIENT__KEY", "SCHEDULER__KEY", "WORKER__KEY"], key),
        }.items():
            monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{name}", str(value))
        monkeypatch.setenv("DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION", "True")
    address = f"{request.param}://127.0.0.1:{_free_port()}"
    log = (project.root / "dask.log").open("w")
    commands = [
        ["scheduler", "--host", address, "--no-dashboard"],
        ["worker", address, "--nworkers=2", "--nthreads=1", "--no-dashboard", "--host", f"{request.param}://127.0.0.1"],
    ]
    environment = {**os.environ, "PYTHONPATH": str(project.root)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command], env=environment, cwd=project.root, stdout=log, stderr=log
        )
        for command in commands
    ]
    deadline = time.monotonic() + 40
    while (project.root / "dask.log").read_text().count("Registered to") < 2:
        assert time.monotonic() < deadline, (project.root / "dask.log").read_text()
        time.sleep(0.1)
    yield address
    for process in reversed(processes):
        process.terminate()
        process.wait(20)
    log.close()


@pytest.mark.slow
def test_a_session_on_a_dask_scheduler_started_by_hand(project: Project, scheduler: str) -> None:
    project.workload("mine", WORK)
    project.experiment()
    result = project.pytest(
        "benchmarks", *SESSION, "--models", "sequential,dask,dask-threads", "--dask-scheduler", scheduler
    )
    session = project.stored()
    infos = {one["extra_info"]["model"]: one["extra_info"] for one in session["benchmarks"]}
    assert infos["dask"]["libraries"]["service"] == "external"
    assert infos["dask"]["timeline"]["seconds_clock_error"] is not None
    assert result.ret == 1  # for the other one: there are two workers with a thread, not one with two
    (failed,) = session["parabench"]["failed"]
    assert "1 Dask worker of 2 threads are wanted" in failed["reason"]


def test_a_dask_scheduler_that_is_not_there_is_an_error_with_its_address() -> None:
    model = model_or_skip("dask")
    call = TaskCall(task="tasks_for_tests:echo")
    with pytest.raises(SchedulerUnreachable, match=r"the Dask scheduler at tcp://127\.0\.0\.1:1 cannot be used"):
        model.open_with(1, call, Services(dask_scheduler="tcp://127.0.0.1:1")).__enter__()


def test_ray_starts_nothing_unless_it_is_told_to() -> None:
    (ray,) = [model for name, model in find_models().items() if name == "ray"]
    refused = ray.unserved(Services())
    assert refused is not None
    assert "listens on all network interfaces" in refused.reason
    assert refused.install == "add --ray-local, or --ray-address of a cluster"
    assert ray.unserved(Services(ray_local=True)) is None
    assert ray.unserved(Services(ray_address="ray.example:6379")) is None
