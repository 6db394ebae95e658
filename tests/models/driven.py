"""Runs of the driver, and what the tests of models ask of them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import contract_driver
import psutil
import pytest

import parabench
from parabench.models import find_models
from parabench.workers.services import OWN_SERVICES

MODELS = find_models()
HERE = Path(__file__).parent
SECONDS_FOR_A_DRIVER = 120
WORKERS = contract_driver.WORKERS


class Driven:
    """One run of the driver: its exit status, what it observed, and what outlived it."""

    def __init__(self, model, checks, folder):
        answer = folder / "answer.json"
        # A temporary directory of its own, under a short path: sockets of the fork server live in it.
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE), str(Path(parabench.__file__).parents[1])]),
            "TMPDIR": str(folder),
        }
        command = [sys.executable, "-m", "contract_driver", str(answer), model, *checks]
        if MODELS[model.partition("/")[0]].unserved(OWN_SERVICES):
            command = [*alone_on_the_network(), *command]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            try:
                _, self.stderr = process.communicate(timeout=SECONDS_FOR_A_DRIVER * (4 if model == "ray" else 1))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                _, stderr = process.communicate()
                pytest.fail(f"{model} hung in one of {checks}:\n{stderr}")
        self.exit_code = process.returncode
        self.left = processes_of_session(process.pid)
        for left in self.left:
            left.kill()
        self.observations = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}

    def __getitem__(self, check):
        assert check in self.observations, f"driver ended with {self.exit_code}:\n{self.stderr}"
        observation = self.observations[check]
        if isinstance(observation, dict) and "error" in observation:
            pytest.fail(f"{check}: {observation['error']}")
        return observation


def alone_on_the_network():
    """How to start a command that nobody can reach over a network; None where that cannot be had."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")):
        return None
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def processes_of_session(session, seconds=5.0):
    """Processes still running in a session whose leader has ended; helpers that end with it get a moment."""
    deadline = time.monotonic() + seconds
    while True:
        left = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                    left.append(process)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def slow_if_on_request(name):
    """Models that start servers take long, and are run by name."""
    return pytest.param(name, marks=[pytest.mark.slow] if MODELS[name].on_request else [])


def values_of(outcomes):
    failures = [failure for _, failure, _ in outcomes if failure]
    assert failures == []
    return [value for value, _, _ in outcomes]


def is_queue(model):
    """Whether a task comes back to the queue when its worker dies."""
    return model.family in ("queues", "clusters")


def lives_in_caller(model):
    """Whether a task that ends its process ends the caller."""
    return model.capabilities.worker not in ("process", "greenlet") and model.family != "queues"
