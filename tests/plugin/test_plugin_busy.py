"""Two sessions that measure at the same time would measure each other: the second one notices."""

from __future__ import annotations

import os
import threading

import pytest
from user_project import PATIENCE_SECONDS, Project, flat

from parabench.measure.lock import SessionLock, machine_lock

ONE = ("benchmarks", "--models", "sequential", "--passes", "1", "--rounds", "1")


@pytest.fixture
def busy(project: Project, monkeypatch):
    """A project on a machine where this process is measuring."""
    monkeypatch.delenv("PYTEST_ADDOPTS")
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    lock = SessionLock.acquire(machine_lock(), "refuse", lambda holder: None)
    yield lock
    lock.release()


def test_it_refuses_on_request_and_measures_nothing(project: Project, busy) -> None:
    refused = project.pytest(*ONE, "--on-busy", "refuse")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "has been measuring on this machine since" in flat(refused.stderr.str())
    assert project.sessions() == []


def test_another_folder_for_temporary_files_is_no_way_around_it(project: Project, busy, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(project.root))
    assert project.pytest(*ONE, "--on-busy", "refuse").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("options", [("--on-busy", "allow"), ("--allow-noisy",)])
def test_it_measures_all_the_same_on_request_and_is_marked(project: Project, busy, options) -> None:
    project.pytest(*ONE, *options).assert_outcomes(passed=1)
    assert project.stored()["parabench"]["noisy"] is True


def test_by_default_it_says_whom_it_waits_for_and_then_measures(project: Project, busy, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    release, busy.release = busy.release, lambda: None
    give_up = threading.Timer(PATIENCE_SECONDS, release)
    give_up.start()
    with project.start(*ONE) as session:
        said = ""
        while "waiting until process" not in flat(said) and (line := session.stdout.readline()):
            said += line
        give_up.cancel()
        release()
        said += session.stdout.read()
    assert f"parabench: waiting until process {os.getpid()}" in flat(said)
    assert session.returncode == 0, said
    assert project.stored()["parabench"]["noisy"] is False
