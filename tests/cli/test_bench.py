"""`parabench bench` is pytest with short names of our options, in any project.

Rooms: cli, gallery.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from user_project import Project

from parabench.cli import cli
from parabench.gallery import EVERY_KIND, gallery_folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What `parabench bench` becomes; the project is the working directory, with one folder."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    (tmp_path / "benchmarks" / "deep").mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(tmp_path)
    return commands


def bench(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["bench", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("folder", [".", "benchmarks", "benchmarks/deep"])
def test_without_tests_it_runs_the_benchmarks_of_the_project_from_any_folder(
    started: list[list[str]], folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    bench("--models", "benchmarks", "-k", "deep")  # values that are called like folders are none
    options = ["--parabench-bench", "--parabench-models=benchmarks", "-k", "deep"]
    assert started == [[sys.executable, "-m", "pytest", str(tmp_path / "benchmarks"), *options]]


def test_a_project_with_workloads_alone_gets_our_experiment_of_every_kind(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = tmp_path / "other"
    (project / "workloads").mkdir(parents=True)
    monkeypatch.chdir(project)
    (project / "pytest.ini").write_text("[pytest]\nparabench_workloads_dir = workloads\n")
    bench("--passes", "1")
    assert started[0][3:] == [
        *(f"--config-file={project / 'pytest.ini'}", f"--rootdir={project}", "--import-mode=importlib"),
        *(str(EVERY_KIND), "--parabench-bench", "--parabench-passes=1"),
    ]


def test_where_there_is_nothing_all_that_comes_with_parabench_is_run(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "pytest.ini").write_text("[pytest]\nparabench_results = kept\n")
    monkeypatch.chdir(empty)
    bench("--results", "there")
    bench("--results", "s3://bucket/there")
    assert started[1][-1] == "--parabench-results=s3://bucket/there"
    root = gallery_folder()
    assert started[0][3:] == [
        *(f"--config-file={root / 'pytest.ini'}", "-p", "no:cacheprovider", f"--parabench-results={empty / 'kept'}"),
        *(str(root / "benchmarks"), "--parabench-bench", f"--parabench-results={empty / 'there'}"),
    ]


def test_tests_that_are_named_are_run_instead(started: list[list[str]]) -> None:
    bench("-x", "benchmarks/deep", "--live")
    assert started[0][3:] == ["--parabench-bench", "-x", "benchmarks/deep", "--parabench-live"]


def test_its_help_lists_the_options(started: list[list[str]]) -> None:
    said = bench("--help")
    assert "--models NAMES" in said
    assert "--parabench" not in said
    assert not started


def test_a_project_with_options_of_the_same_names_can_be_measured(project: Project) -> None:
    project.file("pytest.ini", "[pytest]\n")
    project.file("conftest.py", "def pytest_addoption(parser):\n    parser.addoption('--models')\n")
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    command = [str(Path(sys.executable).parent / "parabench"), "bench", "--models", "sequential", "--passes", "1"]
    project.pytester.run(*command, timeout=60).assert_outcomes(passed=1)
    assert set(project.cells()) == {"mine-sequential"}
