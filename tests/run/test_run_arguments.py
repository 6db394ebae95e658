"""What `parabench run` hands on to its sessions, and what it refuses to."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from user_project import Project, flat

from parabench.cli import cli
from parabench.errors import UsageError
from parabench.gallery import EVERY_KIND
from parabench.run.runner import session_arguments
from parabench.run.state import Run
from parabench.session.turn import turns_of


def parabench(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "parabench"), *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Run]:
    """The runs that verbs plan, none of which is made; the project is the working directory."""
    runs: list[Run] = []

    def end(run: Run, root: Path) -> None:
        runs.append(run)
        raise SystemExit(0)

    for verb in ("run", "calibrate", "scale"):
        monkeypatch.setattr(f"parabench.cli.{verb}.make_or_exit", end, raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(tmp_path)
    return runs


def a_run(folder: Path, *arguments: str) -> Run:
    turns = turns_of("id", [""], 1, random.Random(1))
    return Run(id="id", results=folder / "r", arms=[], turns=turns, pytest_arguments=arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--broker", "redis://:sesame@queue.example/0"),
        ("--broker=redis://someone:sesame@queue.example/0",),
        ("--celery-broker", "rediss://:sesame@queue.example/0"),
        ("--broker", "redis://queue.example/0?password=sesame"),
        ("--broker=unix:///socket?db=1&password=sesame",),
        ("--parabench-broker=redis://:sesame@queue.example/0",),
        ("--dask-scheduler", "tcp://someone:sesame@scheduler.example:8786"),
        ("--parabench-ray-address=ray://someone:sesame@ray.example:6379",),
        ("--ray-address", "someone:sesame@ray.example:6379"),
        ("-o", "parabench_broker=redis://:sesame@queue.example/0"),
        ("--override-ini=parabench_broker=redis://:sesame@queue.example/0",),
    ],
)
@pytest.mark.parametrize("verb", ["run", "calibrate"])
def test_a_password_among_the_arguments_is_refused(planned: list[Run], verb: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="has a password in it") as raised:
        CliRunner().invoke(cli, [verb, *arguments], catch_exceptions=False)
    assert "$PARABENCH_BROKER" in str(raised.value)
    assert "sesame" not in str(raised.value)
    assert not planned


@pytest.mark.parametrize(
    "arguments",
    [
        ("--broker", "redis://someone@queue.example:6379/0"),
        ("--broker=unix:///socket?db=1", "--dask-scheduler=tcp://scheduler.example:8786"),
        ("--ray-address", "ray.example:6379", "-k", "a:b@c"),
        ("test_it.py::test_it[redis://:sesame@queue.example]",),
    ],
)
def test_addresses_without_a_password_are_handed_on(planned: list[Run], arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(cli, ["run", *arguments]).exit_code == 0
    assert tuple(planned[0].pytest_arguments) == arguments


def test_a_password_is_refused_before_anything_is_stored(project: Project) -> None:
    result = parabench(project, "run", "--models", "threds", "--broker", "redis://:sesame@127.0.0.1:1/0")
    assert result.returncode == 2
    assert "--broker has a password in it" in flat(result.stderr)
    assert "sesame" not in result.stderr + result.stdout
    assert not (project.root / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--resume", "--sessions", "2"), "leave out --sessions"),
        (("run", "--resume", "--rev", "a", "--rev", "b"), "leave out --rev"),
        (("run", "--resume", "--python", "3.13", "--install", "x"), "leave out --python, --install"),
        (("run", "--resume", "--models", "sequential"), "leave out PYTEST_ARGUMENTS"),
        (("run", "--install", "numpy"), "give --python as well"),
        (("calibrate", "--resume", "--sessions", "4", "-x"), "leave out --sessions, PYTEST_ARGUMENTS"),
        (("scale", "--resume", "--workers", "1,2", "--models", "sequential"), "leave out --workers, --models"),
    ],
)
def test_options_that_would_be_ignored_are_refused(planned: list[Run], arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(click.UsageError, match=told):
        CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False)
    assert not planned


@pytest.mark.parametrize("ini", ["", "parabench_short_options = true"])
@pytest.mark.parametrize("named", [("--tag", "before"), ("--parabench-tag", "before"), ("--celery-broker", "before")])
def test_a_value_that_is_called_like_a_folder_is_no_test(tmp_path: Path, ini: str, named: tuple[str, str]) -> None:
    for folder in ("benchmarks", "before", "sub/before"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    run = a_run(tmp_path, *named)
    arguments = session_arguments(run.turns[0], run, tmp_path)
    assert arguments[0] == str(tmp_path / "benchmarks")
    assert str(tmp_path / "before") not in arguments
    assert "before" in arguments[-1]


def test_nor_is_it_one_where_the_run_is_planned(
    planned: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("sub/before", "sub/test"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "sub")
    CliRunner().invoke(cli, ["run", "--tag", "before", "test"])
    assert tuple(planned[0].pytest_arguments) == ("--tag", "before", "sub/test")


@pytest.mark.parametrize("tests", [(), ("here",)])
@pytest.mark.parametrize("has_benchmarks", [True, False])
@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("short", [True, False])
def test_folders_are_those_of_the_project(
    planned: list[Run], tmp_path: Path, tests: tuple[str, ...], has_benchmarks: bool, joined: bool, short: bool
) -> None:
    """Sessions begin in a folder of their own, and those of a revision in a work tree that is gone afterwards."""
    tree = tmp_path / "tree"
    for folder in ("workloads", "tmp", "here", "tree/workloads", "tree/tmp", "tree/here"):
        (tmp_path / folder).mkdir(parents=True)
    if has_benchmarks:
        (tree / "benchmarks").mkdir()
    (tree / "pytest.ini").write_text(f"[pytest]\nparabench_short_options = {short}\n")
    pairs = [("--workloads-dir", "workloads"), ("--scratch", "tmp")]
    given = [part for pair in pairs for part in (["=".join(pair)] if joined else pair)]
    CliRunner().invoke(cli, ["run", *given, *tests])
    run = a_run(tmp_path, *planned[0].pytest_arguments)
    arguments = session_arguments(run.turns[0], run, tree)
    prefix = "--" if short else "--parabench-"
    assert f"{prefix}workloads-dir={tree / 'workloads'}" in arguments
    assert f"{prefix}scratch={tmp_path / 'tmp'}" in arguments
    run_here = str(tree / "here") if tests else str(tree / "benchmarks") if has_benchmarks else str(EVERY_KIND)
    places = [argument for argument in arguments if not argument.startswith("-")]
    assert places == [run_here]


def test_sessions_use_the_workloads_and_the_scratch_of_the_project(project: Project) -> None:
    where = "import pathlib\npathlib.Path(__file__).with_name('seen').write_text('yes')\n"
    project.file("mine/some.py", where + "def some(item):\n    return item\n")
    project.experiment()
    (project.root / "tmp").mkdir()
    folders = ("--workloads-dir", "mine", "--scratch", "tmp")
    result = parabench(project, "run", "--sessions", "1", *folders, "--models", "sequential", "--passes", "1")
    assert result.returncode == 0, result.stderr
    assert (project.root / "mine/seen").exists()
    assert set(project.cells()) == {"some-sequential"}
