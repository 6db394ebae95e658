"""On a system without fork and locks what needs them says so, and the rest works."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from user_project import flat

from parabench.errors import SystemLacks
from parabench.machine.abilities import CALLS, MODULES, lacking, must_be_able

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"
#: Takes away what Windows has not, then runs `parabench` or `pytest` in the same process.
WITHOUT = f"""
import asyncio, multiprocessing, os, platform, psutil, pytest, signal, socket, subprocess, sys
for name in {(*MODULES, "pwd", "grp", "pty")!r}:
    sys.modules[name] = None
for holder, name in {CALLS!r}:
    delattr(sys.modules[holder], name)
for name in ("sched_getaffinity", "getloadavg"):
    if hasattr(os, name):
        delattr(os, name)
if sys.argv[1] == "pytest":
    sys.exit(pytest.main(sys.argv[2:]))
from parabench.cli import main
sys.argv[:] = sys.argv[1:]
main()
"""


def without(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *command], cwd=folder, capture_output=True, text=True, check=False
    )


def test_this_system_has_all_that_measuring_needs() -> None:
    assert lacking() == []
    must_be_able("measuring")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delattr("os.fork")
    assert lacking() == ["fcntl", "os.fork"]
    with pytest.raises(SystemLacks, match=r"measuring needs fcntl, os\.fork, which Python has not on this system"):
        must_be_able("measuring")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "mine.py").write_text("def mine(item):\n    return item\n")
    (tmp_path / "test_mine.py").write_text("def test_mine(cell):\n    cell.measure()\n")
    (tmp_path / "test_plain.py").write_text("def test_plain():\n    pass\n")
    return tmp_path


#: What verbs that measure have to be told.
MEASURING = {
    "run": [],
    "recover": [],
    "worker": ["celery"],
    "calibrate": [],
    "scale": ["mine"],
    "advise": ["workloads/mine.py:mine", "--items", "range(8)"],
}


@pytest.mark.parametrize("verb", MEASURING)
def test_verbs_that_measure_end_with_one_sentence(project: Path, verb: str) -> None:
    (project / "results").mkdir()
    done = without(project, "parabench", verb, *MEASURING[verb])
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"needs {', '.join(MODULES)}, os.fork" in flat(done.stderr)


@pytest.mark.parametrize(
    ("status", "command"),
    [(0, ("list", "--models", "sequential")), (1, ("doctor",)), (0, ("bench", "--help")), (2, ("history",))],
)
def test_verbs_that_read_work(project: Path, status: int, command: tuple[str, ...]) -> None:
    done = without(project, "parabench", *command)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stderr + done.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("compare", "1", "1", "--all"), "double"),
        (("history",), "double"),
        (("explain",), "double"),
        (("export",), "double"),
        (("report", "--format", "markdown"), "double"),
        (("report",), "report.html"),
        (("scale", "--stored", "1"), "has several numbers of workers"),
    ],
)
def test_verbs_that_read_a_stored_session_work(project: Path, command: tuple[str, ...], said: str) -> None:
    if said == "report.html":
        pytest.importorskip("jinja2", reason="the page needs jinja2")
    folder = project / "results" / "Linux-CPython-3.13-64bit"
    folder.mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "0001_stored.json")
    done = without(project, "parabench", *command)
    assert "Traceback" not in done.stderr, done.stderr
    assert said in flat(done.stdout + done.stderr), done.stderr + done.stdout


def test_tests_run_and_cells_say_what_is_missing(project: Path) -> None:
    plugins = [word for name in ("hypothesispytest", "anyio", "xdist", "valkey") for word in ("-p", f"no:{name}")]
    plain = without(project, "pytest", "-q", "--capture=sys", *plugins, "test_plain.py")
    assert "1 passed" in plain.stdout, plain.stdout + plain.stderr
    refused = without(project, "pytest", "-q", "--capture=sys", *plugins, "test_mine.py")
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR, refused.stdout + refused.stderr
    assert "measuring needs fcntl, resource" in flat(refused.stderr)
    assert "INTERNALERROR" not in refused.stdout
