"""What would spoil the numbers is said before measuring, stored with them, and on request refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from user_project import Project, flat

from parabench.history.reader import read_session

ONE = ("benchmarks", "--models", "sequential", "--passes", "1", "--rounds", "1")
TRACED = "import sys\ndef trace(*event):\n    return None\nsys.settrace(trace)\n"
#: No machine that runs tests is quiet for sure: these sessions have checks of their own.
CHECKS = "import parabench.session.fitness\nparabench.session.fitness.checks_here = lambda *given: [{checks}]\n"
DEBUG = "DebugBuild(lambda: True)"


@pytest.fixture
def one(project: Project) -> Project:
    """One plain workload and its experiment."""
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    return project


def choose(project: Project, checks: str) -> None:
    """Let the project's sessions make these checks only."""
    imports = "from parabench.measure.preflight import DebugBuild, Governor\n"
    project.file("conftest.py", imports + CHECKS.format(checks=checks))


def test_a_real_tracer_in_the_cells_is_said_stored_and_read(one: Project, monkeypatch) -> None:
    one.file("inherited/sitecustomize.py", TRACED)
    monkeypatch.setenv("PYTHONPATH", str(one.root / "inherited"))
    result = one.pytest(*ONE)
    result.assert_outcomes(passed=1)
    said = "tracer: every measured process starts with tracer sitecustomize.trace: switch it off while measuring"
    printed = flat(result.stdout.str())
    assert f"parabench: {said}" in printed
    assert printed.index(said) < printed.index("What to use")
    stored = {entry["check"]: entry["message"] for entry in one.stored()["parabench"]["warnings"]}
    assert f"tracer: {stored['tracer']}" == said
    assert "tracer" in [warning.check for warning in read_session(one.sessions()[-1]).warnings or ()]


def test_a_strict_session_measures_nothing_and_lists_all_of_them(one: Project) -> None:
    choose(one, DEBUG + ", Governor(lambda: {0: 'powersave'})")
    refused = one.pytest(*ONE, "--strict-preflight")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    said = flat(refused.stderr.str())
    assert "debug-build: this interpreter is a debug build" in said
    assert "governor: the CPU frequency governor is powersave" in said
    assert one.sessions() == []
    assert list(one.root.glob("results/*/*")) == []
    assert one.pytest(*ONE).ret == pytest.ExitCode.OK, "without the option they are only said"
    assert [entry["check"] for entry in one.stored()["parabench"]["warnings"]] == ["debug-build", "governor"]


def test_strict_by_ini_option(one: Project) -> None:
    choose(one, DEBUG)
    one.ini("parabench_strict_preflight = true")
    assert one.pytest(*ONE).ret == pytest.ExitCode.USAGE_ERROR


def test_a_strict_session_on_a_fit_machine_measures(one: Project) -> None:
    choose(one, "DebugBuild(lambda: False)")
    one.pytest(*ONE, "--strict-preflight").assert_outcomes(passed=1)
    assert one.stored()["parabench"]["warnings"] == []


def test_without_cells_to_measure_nothing_is_looked_at(one: Project) -> None:
    choose(one, DEBUG)
    result = one.pytest(*ONE, "--strict-preflight", "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    assert "debug build" not in result.stdout.str()


def test_a_recovered_session_has_the_warnings_of_its_journal(one: Project) -> None:
    choose(one, DEBUG)
    one.workload("mine", "import os, signal\ndef mine(item):\n    return item\n")
    one.file(
        "benchmarks/test_custom.py",
        "import os, pytest, signal\n\n@pytest.mark.custom\ndef test_custom(cell):\n    cell.measure()\n\n"
        "@pytest.fixture(autouse=True)\ndef end():\n    yield\n    os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    one.pytest(*ONE)
    recover = [str(Path(sys.executable).with_name("parabench")), "recover"]
    subprocess.run(recover, cwd=one.root, capture_output=True, check=True)
    said = "this interpreter is a debug build: measure with a release build"
    assert one.stored()["parabench"]["warnings"] == [{"check": "debug-build", "message": said}]
