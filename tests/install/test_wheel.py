"""The built distributions, installed where there is no checkout: alone, and beside the most usual plugins of pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from parabench.run.installer import find_installer

pytestmark = pytest.mark.resolve
CHECKOUT = Path(__file__).parents[2]
GUESTS = Path(__file__).with_name("guests.txt")
QUICK = ("--passes", "1", "--rounds", "1", "--on-busy", "allow")
SECONDS_AT_MOST = 240.0
#: Models whose libraries come with `all`, some from each extra.
OF_EXTRAS = {"asyncio-uvloop", "anyio-to-thread", "celery", "rq", "dramatiq", "dask", "joblib-loky"}
#: Models of `all` that drive no loop of asyncio: a session says so, and how the function could be written.
NOT_FOR_COROUTINES = {"gevent", "trio"}
#: Prints the plugins that pytest would load.
PLUGINS = "import importlib.metadata as m; print(*sorted(e.name for e in m.entry_points(group='pytest11')))"
#: What libraries of the extras add to them: docs/workloads.md tells users so.
PLUGINS_OF_EXTRAS = ("anyio", "platformdirs", "valkey")
SUITE = {
    "pytest.ini": """
[pytest]
addopts = --strict-markers
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
DJANGO_SETTINGS_MODULE = settings
pythonpath = .
""",
    "settings.py": 'SECRET_KEY = "x"\nDATABASES = {}\n',
    "conftest.py": """
def pytest_addoption(parser):
    for option in ("live", "models", "size", "tag", "results", "rounds", "workers", "broker", "seed", "budget"):
        parser.addoption(f"--{option}", default="theirs")
""",
    "workloads/mine.py": "def mine(item):\n    return item\n",
    "benchmarks/test_mine.py": "def test_mine(cell):\n    cell.measure()\n",
    "tests/test_guest.py": """
import asyncio
import time

import pytest

RUNS = []

async def test_async():
    await asyncio.sleep(0)

def test_mock(mocker):
    mocker.patch("time.sleep")
    time.sleep(1000)

@pytest.mark.timeout(60)
@pytest.mark.repeat(2)
def test_timeout_and_repeat():
    pass

@pytest.mark.flaky(reruns=2)
def test_flaky():
    RUNS.append(1)
    assert len(RUNS) > 1

def test_infrastructure(host):
    assert host.file("/").exists

def test_django(settings):
    assert settings.SECRET_KEY == "x"

def test_option(request):
    assert request.config.getoption("--seed") == "7"

def test_stock_benchmark(benchmark):
    benchmark.pedantic(sum, args=([1, 2],), rounds=2)
""",
}


def done(command: list[str | Path], folder: Path, status: int = 0) -> str:
    """What a command says, in an environment that knows nothing of this checkout's tests."""
    # On a CI machine, pytest says each error twice.
    own = ("PYTEST_", "PYTHONPATH", "CI", "BUILD_NUMBER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    result = subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=SECONDS_AT_MOST
    )
    assert result.returncode == status, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution where the tool can do that."""
    folder = tmp_path_factory.mktemp("dist")
    if find_installer(lambda _: None).name == "uv":
        done(["uv", "build", "--quiet", "--out-dir", folder, CHECKOUT], folder)
        done(
            ["uv", "tool", "run", "--quiet", "--from", "twine", "twine", "check", "--strict", *folder.glob("p*")],
            folder,
        )
        (source,) = folder.glob("*.tar.gz")
        with tarfile.open(source) as archive:
            names = archive.getnames()
        assert {name.partition("/")[2] for name in names} >= {"workloads/cpu_bound.py", "benchmarks/test_mixed.py"}
    else:
        done([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, CHECKOUT], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path, *requirements: str | Path) -> Path:
    """The folder of programs of a new environment that has these."""
    done([sys.executable, "-m", "virtualenv", "--quiet", "--python", sys.executable, folder / "venv"], folder)
    python = folder / "venv" / "bin" / "python"
    installer = find_installer(lambda _: None)
    command = [part if part != sys.executable else str(python) for part in installer.command]
    done([*command, *map(str, requirements)], folder)
    return python.parent


def test_a_wheel_alone_runs_the_whole_experiment_in_an_empty_folder(built: Path, tmp_path: Path) -> None:
    programs, here = environment(tmp_path, built), tmp_path / "here"
    here.mkdir()
    for name in ("requests", "aiohttp", "httpx", "responses"):
        assert not list(programs.parent.glob(f"lib/*/site-packages/{name}")), "the work's libraries are an extra"
    # Of the bare package only: libraries of the extras bring plugins of their own, see the test below.
    assert done([programs / "python", "-c", PLUGINS], here).split() == ["benchmark", "parabench"]
    workloads = ("--workloads", "count-primes,no-op,github-mocked-requests")
    said = done([programs / "parabench", "bench", *workloads, "--models", "sequential,process-pool-fork", *QUICK], here)
    assert "4 passed, 2 skipped" in said
    assert 'pip install "parabench[github]"' in " ".join(said.split())
    (stored,) = here.glob("results/*/0001_*.json")
    assert f"Stored as {stored.relative_to(here)}" in said, "a path that can be pasted"
    names = [benchmark["fullname"] for benchmark in json.loads(stored.read_text())["benchmarks"]]
    assert "benchmarks/test_cpu_bound.py::test_cpu_bound[count-primes-sequential]" in names
    assert "count-primes" in done([programs / "parabench", "list"], here)
    (here / "workloads").mkdir()
    (here / "workloads" / "mine.py").write_text("async def mine(item):\n    return item\n")
    said = done([programs / "parabench", "bench", "--models", "sequential,asyncio", *QUICK], here)
    assert "2 passed" in said


def test_the_plugins_that_extras_bring_are_documented() -> None:
    page = (CHECKOUT / "docs" / "workloads.md").read_text()
    assert [name for name in PLUGINS_OF_EXTRAS if f"-p no:{name}" not in page] == []


def test_with_all_extras_an_async_function_is_measured_under_every_model_that_can_run(
    built: Path, tmp_path: Path
) -> None:
    programs, here = environment(tmp_path, f"parabench[all] @ {built.as_uri()}"), tmp_path / "here"
    (here / "workloads").mkdir(parents=True)
    (here / "workloads" / "mine.py").write_text("async def mine(item):\n    return item\n")
    assert {*done([programs / "python", "-c", PLUGINS], here).split()} == {"benchmark", "parabench", *PLUGINS_OF_EXTRAS}
    listed = json.loads(done([programs / "parabench", "list", "--format", "json"], here))["models"]
    assert {model["name"] for model in listed if model["ready"]} >= OF_EXTRAS | NOT_FOR_COROUTINES
    for options, models in (
        ((), [model["name"] for model in listed if model["ready"] and model["reason"] is None]),
        (("--models", "*"), [model["name"] for model in listed if model["ready"]]),
    ):
        done([programs / "parabench", "bench", *options, *QUICK], here)
        stored = json.loads(max(here.glob("results/*/0*.json")).read_text())
        assert stored["parabench"]["failed"] == [], "every cell is valid"
        measured = [benchmark["extra_info"]["model"] for benchmark in stored["benchmarks"]]
        assert sorted(measured) == sorted({*models} - NOT_FOR_COROUTINES)
        reasons = {cell["model"]: cell["reason"] for cell in stored["parabench"]["not_run"]}
        assert all("coroutine" in reasons[name] for name in NOT_FOR_COROUTINES & {*models})


def test_beside_the_plugins_that_projects_have_most_nobody_is_disturbed(built: Path, tmp_path: Path) -> None:
    programs = environment(tmp_path, built, "-r", GUESTS)
    for name, text in SUITE.items():
        path = tmp_path / "suite" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder = tmp_path / "suite"
    said = done([programs / "pytest", "tests", "--seed", "7", "--cov=workloads", "-q"], folder)
    assert "9 passed, 1 rerun" in said
    cells = ("--parabench-models=sequential,thread-pool", "--parabench-passes=1", "--parabench-on-busy=allow")
    said = done([programs / "pytest", "benchmarks", *cells], folder)
    assert "2 passed" in said
    assert "What to use" in said
    said = done([programs / "pytest", "tests", "benchmarks", "-n", "1", "--seed", "7", "-q"], folder, status=1)
    assert "9 passed" in said
    assert said.count("parabench: cells are measured alone on a machine: run without pytest-xdist (-n 0)\n") == 1


def test_the_list_of_plugins_names_thirty_and_more() -> None:
    names = [line for line in GUESTS.read_text().splitlines() if line and not line.startswith("#")]
    assert len(names) > 30
    assert names == sorted(names)
