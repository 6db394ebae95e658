"""A short session on each interpreter at hand, and the traps that each has. Run by name: -m interpreters.

Rooms: run, plugin, models, measure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import parabench
from parabench.errors import InterpreterNotFound
from parabench.models import find_models
from parabench.run.environments import environment_for
from parabench.run.interpreter_names import find_interpreters

ROOT = Path(parabench.__file__).parents[1]
SECONDS = 400
pytestmark = pytest.mark.interpreters

MINE = "def mine(item):\n    return item * 2\n"
EXPERIMENT = "import pytest\n\n@pytest.mark.custom\ndef test_custom(cell):\n    cell.measure()\n"


class Build:
    """An interpreter with an environment, and sessions on it."""

    def __init__(self, name: str, folder: Path) -> None:
        try:
            (self.interpreter,) = find_interpreters([name])
        except InterpreterNotFound as error:
            pytest.skip(str(error).partition("\n")[0])
        self.python = environment_for(self.interpreter, ROOT, [], print)
        self.folder = folder

    def session(self, workloads: dict[str, str], *arguments: str, **environment: str) -> dict[str, Any]:
        """Run one session of these workload files and return it as stored."""
        root = self.folder / f"project-{len(list(self.folder.iterdir()))}"
        for name, text in {**workloads, "../benchmarks/test_custom": EXPERIMENT}.items():
            path = (root / "workloads" / f"{name}.py").resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "pytest.ini").write_text("[pytest]\nparabench_short_options = true\n")
        command = [str(self.python), "-m", "pytest", "benchmarks", "--passes", "1", "--rounds", "1", "--workers", "2"]
        done = subprocess.run(
            [*command, "--on-busy", "allow", *arguments],
            cwd=root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.output = done.stdout + done.stderr
        assert done.returncode in (0, 1), self.output
        (stored,) = root.glob("results/*/*.json")
        session: dict[str, Any] = json.loads(stored.read_text())
        return session


def of(name: str) -> pytest.MarkDecorator:
    """Tests of one interpreter make its environment once and share it, so they run one after the other."""
    return pytest.mark.xdist_group(name)


@pytest.fixture(params=[pytest.param(name, marks=of(name)) for name in ("3.13", "3.14", "3.13t", "pypy3.11")])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    return Build(request.param, tmp_path)


def measured(session: dict[str, Any]) -> set[str]:
    return {one["extra_info"]["model"] for one in session["benchmarks"]}


def reasons(session: dict[str, Any]) -> dict[str, str]:
    """Why models could not run, by model."""
    return {one["model"]: one["reason"] for one in session["parabench"]["not_run"]}


def test_every_model_is_measured_or_has_a_reason(build: Build) -> None:
    session = build.session({"mine": MINE}, "--models", "*")
    assert session["parabench"]["failed"] == []
    told = reasons(session)
    assert measured(session) | told.keys() == find_models().keys()
    assert not measured(session) & told.keys()
    assert {"sequential", "thread-pool", "process-pool-fork", "asyncio", "mp-pool"} <= measured(session)
    assert all(told.values())
    fingerprint = session["parabench"]["fingerprint"]
    name = build.interpreter.label
    if name != "pypy3.11":
        assert {one["extra_info"]["warm_up"] for one in session["benchmarks"]} == {None}, (
            "nothing compiles while it runs"
        )
    assert fingerprint["gil_enabled"] == (not name.endswith("t"))
    if name == "pypy3.11":
        assert fingerprint["python_implementation"] == "PyPy"
        assert "CPython" in told["interpreters"]
        # What pickles by cloudpickle does not import: the reason is the import's own error, or that it is not there.
        assert "joblib does not import" in told["joblib-loky"] or "not installed" in told["joblib-loky"]
        assert "dask" in told
        assert "asyncio-uvloop" in told
        assert "gevent" in told
    if name == "3.13t":
        assert "gevent is not installed" in told["gevent"]
    if name == "3.14":
        assert "interpreters" in measured(session)
        assert "asyncio-uvloop" in measured(session)


@of("pypy3.11")
def test_rounds_run_until_they_are_flat_where_the_interpreter_compiles(tmp_path: Path) -> None:
    build = Build("pypy3.11", tmp_path)
    session = build.session({"mine": MINE.replace("item * 2", "sum(range(20_000))")}, "--models", "sequential")
    (one,) = session["benchmarks"]
    info = one["extra_info"]
    assert sum(info["warm_up"].values()) == 1
    assert set(info["warm_up"]) <= {"flat", "warm-up", "slow-down", "never steady"}
    assert len(info["passes"][0]["seconds_warm_up"]) >= 8
    assert info["passes"][0]["seconds_warm_up"][0] == info["seconds_first_batch"]


@pytest.mark.parametrize("name", [pytest.param(name, marks=of(name)) for name in ("3.14", "pypy3.11")])
def test_without_psutil_there_is_a_session_all_the_same(name: str, tmp_path: Path) -> None:
    build = Build(name, tmp_path)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "psutil.py").write_text("raise ImportError('there is no psutil here')\n")
    session = build.session({"mine": MINE}, "--models", "sequential,process-pool-fork", PYTHONPATH=str(hidden))
    assert measured(session) == {"sequential", "process-pool-fork"}
    costs = {one["extra_info"]["model"]: one["extra_info"] for one in session["benchmarks"]}
    assert costs["process-pool-fork"]["processes"] == 3
    assert costs["process-pool-fork"]["seconds_cpu"] > 0


#: An extension module that says nothing of free threading, as most did before 3.13.
OLD_EXTENSION = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "old_extension", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_old_extension(void) { return PyModule_Create(&module); }
"""


def built_extension(build: Build, folder: Path) -> None:
    """Compile it into the folder, or skip the test where that cannot be done."""
    ask = "import sysconfig as s; print(s.get_path('include'), s.get_config_var('EXT_SUFFIX'))"
    told = subprocess.run([str(build.python), "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not Path(told[0], "Python.h").exists():
        pytest.skip("there is no C compiler, or this interpreter has no headers")
    source = folder / "old_extension.c"
    source.write_text(OLD_EXTENSION)
    command = [compiler, "-shared", "-fPIC", f"-I{told[0]}", str(source), "-o", str(folder / f"old_extension{told[1]}")]
    subprocess.run(command, check=True, capture_output=True)


@of("3.13t")
def test_a_cell_whose_gil_was_switched_back_on_is_invalid(tmp_path: Path) -> None:
    build = Build("3.13t", tmp_path)
    extension = tmp_path / "extension"
    extension.mkdir()
    built_extension(build, extension)
    switching = "def mine(item):\n    import old_extension\n    return item\n"
    arguments, path = ("--models", "thread-pool,sequential"), str(extension)
    session = build.session({"mine": switching}, *arguments, PYTHONPATH=path)
    assert session["benchmarks"] == []
    for failed in session["parabench"]["failed"]:
        assert "ran with the GIL: 'old_extension' has switched it back on" in failed["reason"]
    assert len(session["parabench"]["failed"]) == 2
    on_purpose = build.session({"mine": switching}, *arguments, PYTHONPATH=path, PYTHON_GIL="1")
    assert on_purpose["parabench"]["failed"] == []
    assert on_purpose["parabench"]["fingerprint"]["gil_enabled"] is True
    assert on_purpose["parabench"]["machine_id"] != session["parabench"]["machine_id"]


@of("3.14")
def test_extensions_that_refuse_subinterpreters_are_named(tmp_path: Path) -> None:
    build = Build("3.14", tmp_path)
    session = build.session(
        {"mine": "def mine(item):\n    import psutil\n    return item\n"}, "--models", "interpreters,thread-pool"
    )
    assert measured(session) == {"sequential", "thread-pool"}
    (failed,) = session["parabench"]["failed"]
    assert "does not support loading in subinterpreters" in failed["reason"]
    assert "psutil" in failed["reason"]


@of("3.14")
def test_clients_that_load_in_subinterpreters_run_there(tmp_path: Path) -> None:
    build = Build("3.14", tmp_path)
    work = "def mine(item):\n    import aiohttp, requests\n    return [aiohttp.__name__, requests.__name__]\n"
    session = build.session({"mine": work}, "--models", "interpreters,sequential")
    assert session["parabench"]["failed"] == []
    assert measured(session) == {"interpreters", "sequential"}
