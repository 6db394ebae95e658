"""Options are checked before anything is measured; each can also be given in pytest.ini."""

from __future__ import annotations

import re

import pytest
from user_project import QUICK, Project, flat

from parabench.session.option_table import FRONT_END

MINE = "def mine(item):\n    return item * 2\n"
OPTIONS = ["models", "workloads", "workers", "size", "passes", "rounds", "seed", "latency", "live", "github-url"]
OPTIONS += ["cell-timeout", "scratch", "results", "workloads-dir", "watts-per-core", "strict-preflight"]


@pytest.fixture
def one(project: Project) -> Project:
    """One plain workload and its experiment."""
    project.workload("mine", MINE)
    project.experiment()
    return project


def refused(project: Project, *args: str) -> str:
    """What a refused run says; nothing may have been measured by then."""
    result = project.pytest("benchmarks", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert " passed" not in result.stdout.str()
    assert not project.sessions()
    said = result.stderr.str() + result.stdout.str()
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    return flat(said)


def test_an_unknown_model_is_a_usage_error_that_lists_the_known_ones(one: Project) -> None:
    said = refused(one, "--models", "sequential,thread-pol")
    assert "no model matches 'thread-pol'" in said
    assert "did you mean 'thread-pool'" in said
    for name in ("asyncio", "celery", "dask"):
        assert name in said.split("known:")[1]
    assert re.search(r"and \d+ more", said)


def test_an_unknown_workload_is_a_usage_error_that_lists_the_known_ones(one: Project) -> None:
    said = refused(one, "--workloads", "yours")
    assert "no workload matches 'yours'; known: mine" in said


def test_a_pattern_that_matches_nothing_is_refused_too(one: Project) -> None:
    assert "no model matches 'fibre-*'" in refused(one, "--models", "fibre-*")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--size", "huge", "small, medium, large"),
        ("--workers", "0", "above 0"),
        ("--workers", "two", "whole number"),
        ("--passes", "x", "whole number above 0"),
        ("--rounds", "1.5", "whole number above 0"),
        ("--seed", "monday", "whole number"),
        ("--cell-timeout", "nan", "above 0"),
        ("--latency", "-1", "seconds"),
        ("--watts-per-core", "0", "watts above 0"),
        ("--watts-per-core", "inf", "watts above 0"),
        ("--github-url", "api.github.com", "http"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_is_expected(
    one: Project, option: str, value: str, expected: str
) -> None:
    said = refused(one, f"{option}={value}")
    assert option in said
    assert value in said
    assert expected in said


def test_a_wrong_value_in_the_ini_file_is_refused_with_its_name(one: Project) -> None:
    one.ini("parabench_size = huge")
    said = refused(one)
    assert "parabench_size" in said
    assert "'huge'" in said
    assert "small, medium, large" in said


def test_ini_options_do_what_the_command_line_does(one: Project) -> None:
    one.workload("other", "def other(item):\n    return item\n")
    lines = ["models = thread-pool", "workloads = mine", "workers = 2,3", "passes = 2", "rounds = 3", "seed = 11"]
    lines += ["size = medium", "results = kept", "cell_timeout = 30"]
    one.ini(*(f"parabench_{line}" for line in lines))
    one.pytest("benchmarks").assert_outcomes(passed=3)  # the baseline is added
    assert not one.sessions()
    assert len(one.sessions("kept")) == 1
    text = one.sessions("kept")[0].read_text()
    assert "[mine-thread-pool-w2-medium]" in text
    assert "[mine-thread-pool-w3-medium]" in text
    assert '"seed": 11' in text


def test_the_command_line_wins_over_the_ini_file(one: Project) -> None:
    one.ini("parabench_models = thread-pool", "parabench_passes = 1")
    one.pytest("benchmarks", "--models", "sequential").assert_outcomes(passed=1)
    assert set(one.cells()) == {"mine-sequential"}


def test_every_option_is_in_the_help_once_for_the_command_line_and_once_for_the_ini_file(one: Project) -> None:
    said = one.pytest("--help").stdout.str()
    assert "\nparabench: " in said
    for option in OPTIONS:
        assert f"  --parabench-{option}" in said
        assert f", --{option}" in said
        assert f"  parabench_{option.replace('-', '_')} (" in said


def test_a_project_that_does_not_ask_for_short_names_has_long_ones_only(one: Project) -> None:
    one.file("pytest.ini", "[pytest]\n")
    said = one.pytest("--help").stdout.str()
    assert "--parabench-models=NAMES" in said
    assert "The same as --parabench-on-busy allow" in flat(said)
    assert not re.search(r"--(models|on-busy|passes|seed|live)\b", said)
    assert "--parabench-bench" not in said, "only `parabench bench` says that"


def test_messages_have_the_names_that_work_where_they_are_read(one: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    one.file("pytest.ini", "[pytest]\n")
    assert "--parabench-size 'huge' cannot be used" in refused(one, "--parabench-size", "huge")
    missing = refused(one, "--parabench-workloads-dir=nowhere")
    assert "name another with --parabench-workloads-dir DIR" in missing
    missing = refused(one, FRONT_END, "--parabench-workloads-dir=nowhere")
    assert "name another with --workloads-dir DIR" in missing


def test_rounds_and_passes_say_how_often_is_measured(one: Project) -> None:
    one.pytest("benchmarks", "--models", "sequential", "--passes", "3", "--rounds", "4").assert_outcomes(passed=1)
    assert len(one.cells()["mine-sequential"]["stats"]["data"]) == 12


def test_workloads_may_live_in_another_folder(project: Project) -> None:
    project.file("jobs/mine.py", MINE)
    project.experiment()
    project.pytest("benchmarks", *QUICK, "--workloads-dir", "jobs").assert_outcomes(passed=2)


def test_a_workloads_folder_that_was_asked_for_must_exist(one: Project) -> None:
    assert "nowhere" in refused(one, "--workloads-dir", "nowhere")


def test_results_may_go_to_another_folder_and_are_relative_to_the_root(
    one: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(one.root / "benchmarks")
    one.pytest(*QUICK, "--results", "elsewhere").assert_outcomes(passed=2)
    assert len(one.sessions("elsewhere")) == 1
    assert not one.sessions()


def test_results_that_cannot_be_written_are_noticed_before_anything_is_measured(one: Project) -> None:
    one.workload("mine", "from pathlib import Path\n\ndef mine(item):\n    Path('measured').touch()\n    return item\n")
    one.file("results", "in the way")
    said = refused(one, *QUICK)
    assert "cannot write results into" in said
    assert str(one.root / "results") in said
    assert "--results" in said
    assert not (one.root / "measured").exists()
