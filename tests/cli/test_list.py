"""`parabench list`: what there is to run, what cannot run here and why, and what to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from user_project import flat

DECLARED = """
from parabench.workload import workload

@workload(items=[1, 2, 3], kind="cpu")
def adds(item):
    "Adds one."
    return item + 1
"""
MODELS = ["sequential", "thread-per-task", "thread-pool", "process-per-task", "mp-pool", "process-pool-fork"]
MODELS += ["process-pool-forkserver", "process-pool-spawn", "asyncio", "asyncio-uvloop", "asyncio-to-thread"]
MODELS += ["interpreters", "gevent", "joblib-loky"]
#: Hides the libraries of the extras, as in an environment without them.
HIDE = """
import importlib.util
import sys

HIDDEN = ("gevent", "joblib", "uvloop")
find = importlib.util.find_spec

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HIDDEN:
            raise ModuleNotFoundError(name)

importlib.util.find_spec = lambda name, *package: None if name in HIDDEN else find(name, *package)
sys.meta_path.insert(0, Hide())
"""
Listing = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """Run the installed command in a project with two workloads."""
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "mine.py").write_text("def mine(item):\n    return item\n")
    (tmp_path / "workloads" / "declared.py").write_text(DECLARED)

    def run(*args: str, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).parent / "parabench", "list", *args]
        return subprocess.run(
            command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_it_shows_every_workload_and_every_model_ready_or_not(listing: Listing) -> None:
    shown = listing()
    assert shown.returncode == 0
    rows = {line.split()[0]: flat(line) for line in shown.stdout.splitlines() if line[:1].strip()}
    assert rows["adds"].startswith("adds cpu 3 ")
    assert rows["adds"].endswith("Adds one.")
    assert rows["mine"].startswith("mine custom 8 ")
    for name in MODELS:
        assert rows[name].split()[2] in ("yes", "no")
    assert rows["sequential"].split()[2] == "yes"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="interpreters are available from Python 3.14 on")
def test_a_model_that_this_python_lacks_says_what_it_needs(listing: Listing) -> None:
    assert "needs Python 3.14 or newer" in listing("--models", "interpreters").stdout


def test_a_missing_library_is_named_with_the_command_that_installs_it(listing: Listing, tmp_path: Path) -> None:
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    shown = listing("--models", "gevent,joblib-loky,asyncio-uvloop", PYTHONPATH=str(tmp_path / "hide"))
    assert shown.returncode == 0
    assert "Traceback" not in shown.stderr
    for library in ("gevent", "joblib", "uvloop"):
        assert f"{library} is not installed" in flat(shown.stdout)
        assert f'pip install "parabench[{library}]"' in flat(shown.stdout)


def test_json_has_the_same_for_programs(listing: Listing) -> None:
    shown = listing("--format", "json", "--models", "sequential,interpreters")
    content = json.loads(shown.stdout)
    assert {workload["name"]: workload["kind"] for workload in content["workloads"]} == {
        "adds": "cpu",
        "mine": "custom",
    }
    models = {model["name"]: model for model in content["models"]}
    assert set(models) == {"sequential", "interpreters"}
    assert models["sequential"]["ready"] is True
    assert models["interpreters"]["ready"] is (sys.version_info >= (3, 14))
    assert {"ready", "reason", "install", "family", "description"} <= set(models["sequential"])


def test_names_and_patterns_choose(listing: Listing) -> None:
    content = json.loads(listing("--format", "json", "--models", "process-pool-*,gevent", "--workloads", "a*").stdout)
    assert [workload["name"] for workload in content["workloads"]] == ["adds"]
    assert {model["name"] for model in content["models"]} == {
        "gevent",
        "process-pool-fork",
        "process-pool-forkserver",
        "process-pool-spawn",
    }


@pytest.mark.parametrize(
    ("option", "word", "known"),
    [("--models", "model", ["asyncio", "celery", "dask", " more"]), ("--workloads", "workload", ["adds", "mine"])],
)
def test_an_unknown_name_exits_with_2_and_lists_the_known_ones(
    listing: Listing, option: str, word: str, known: list[str]
) -> None:
    refused = listing(option, "nonesuch")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert f"no {word} matches 'nonesuch'; known: " in refused.stderr
    for name in known:
        assert name in refused.stderr


def test_it_runs_elsewhere_with_the_folder_named(listing: Listing, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    options = ("--workloads-dir", str(tmp_path / "workloads"), "--models", "sequential", "--format", "json")
    shown = listing(*options, cwd=elsewhere)
    assert [workload["name"] for workload in json.loads(shown.stdout)["workloads"]] == ["adds", "mine"]


def test_elsewhere_without_the_folder_it_still_shows_the_models(listing: Listing, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    shown = listing("--models", "sequential,thread-pool", cwd=tmp_path / "else")
    assert shown.returncode == 0
    assert "sequential" in shown.stdout


def test_a_folder_that_was_asked_for_must_exist(listing: Listing) -> None:
    refused = listing("--workloads-dir", "nowhere")
    assert refused.returncode == 2
    assert "nowhere" in refused.stderr


def test_a_broken_workload_file_exits_with_2_and_is_named(listing: Listing, tmp_path: Path) -> None:
    (tmp_path / "workloads" / "broken.py").write_text("def broken(:\n")
    refused = listing()
    assert refused.returncode == 2
    assert "workloads/broken.py" in refused.stderr
    assert "SyntaxError" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_has_an_example(listing: Listing) -> None:
    shown = listing("--help")
    assert shown.returncode == 0
    assert "Example: parabench list" in shown.stdout
