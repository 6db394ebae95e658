"""A project that has the harness installed, but uses pytest and pytest-benchmark on its own, is not disturbed."""

from __future__ import annotations

import pytest
from user_project import QUICK, Project

from parabench.session.option_table import in_full

ORDINARY = """
def test_sum(benchmark):
    assert benchmark(sum, [1, 2]) == 3

def test_plain():
    pass
"""
MORE = """
import unittest
import pytest

class TestOld(unittest.TestCase):
    def test_it(self):
        pass

@pytest.mark.parametrize("number", [1, 2])
def test_number(number):
    assert number
"""
ONCE = ("--benchmark-max-time=0.05", "--benchmark-min-rounds=2")


@pytest.fixture
def ordinary(project: Project) -> Project:
    """No workloads folder; one stock benchmark and one plain test."""
    project.file("test_ordinary.py", ORDINARY)
    return project


def test_ordinary_tests_run_in_their_order_and_nothing_of_ours_is_shown(ordinary: Project) -> None:
    result = ordinary.pytest("-v", *ONCE)
    result.assert_outcomes(passed=2)
    assert [line.split()[0] for line in result.outlines if " PASSED" in line] == [
        "test_ordinary.py::test_sum",
        "test_ordinary.py::test_plain",
    ]
    assert "Who wins" not in result.stdout.str()
    assert "Stored as" not in result.stdout.str()
    assert not (ordinary.root / "results").exists()


def test_its_autosave_and_comparison_use_dot_benchmarks_as_always(ordinary: Project) -> None:
    ordinary.pytest(*ONCE, "--benchmark-autosave").assert_outcomes(passed=2)
    saved = list((ordinary.root / ".benchmarks").glob("*/0001_*.json"))
    assert len(saved) == 1
    result = ordinary.pytest(*ONCE, "--benchmark-compare")
    result.assert_outcomes(passed=2)
    assert "test_sum (0001_unversi)" in result.stdout.str()
    assert not (ordinary.root / "results").exists()


def test_a_file_of_its_own_called_results_does_no_harm(ordinary: Project) -> None:
    ordinary.file("results", "a file of the user")
    ordinary.pytest(*ONCE).assert_outcomes(passed=2)


def test_a_folder_of_its_own_called_workloads_is_not_touched_by_tests_that_measure_no_cell(ordinary: Project) -> None:
    ordinary.file("workloads/jobs.py", "raise RuntimeError('never import me')\n")
    result = ordinary.pytest(*ONCE)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=2)


def test_strict_markers_and_warnings_as_errors_are_fine(ordinary: Project) -> None:
    ordinary.file("pytest.ini", "[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    ordinary.pytest(*ONCE).assert_outcomes(passed=2)


def test_stock_benchmarks_beside_cells_keep_their_table_and_their_options(ordinary: Project) -> None:
    ordinary.workload("mine", "def mine(item):\n    return item\n")
    ordinary.experiment()
    result = ordinary.pytest(*ONCE, *QUICK)
    result.assert_outcomes(passed=4)
    assert "test_sum" in result.stdout.str()
    assert {cell["param"] for cell in ordinary.stored()["benchmarks"] if cell["param"]} == {
        "mine-sequential",
        "mine-thread-pool",
    }


def test_unittest_style_and_parametrised_tests_beside_cells_are_left_alone(ordinary: Project) -> None:
    ordinary.file("test_more.py", MORE)
    ordinary.workload("mine", "def mine(item):\n    return item\n")
    ordinary.experiment()
    result = ordinary.pytest(*ONCE, *QUICK, "-v")
    result.assert_outcomes(passed=7)
    plain = [line.split()[0] for line in result.outlines if " PASSED" in line and "test_more" in line]
    assert plain == ["test_more.py::TestOld::test_it", "test_more.py::test_number[1]", "test_more.py::test_number[2]"]


CONFTEST = """
def pytest_addoption(parser):
    for option in ("seed", "live", "models", "size", "tag", "results", "rounds", "workers", "broker"):
        parser.addoption(f"--{option}", default="theirs")
"""
USES = """
def test_option(request):
    assert request.config.getoption("--seed") == "7"
    assert request.config.getoption("--models") == "theirs"
"""


def test_options_of_its_own_with_our_short_names_stay_its_own(ordinary: Project) -> None:
    ordinary.file("pytest.ini", "[pytest]\n")
    ordinary.file("conftest.py", CONFTEST)
    ordinary.file("test_uses.py", USES)
    ordinary.pytest("--seed", "7", "test_uses.py").assert_outcomes(passed=1)
    ordinary.workload("mine", "def mine(item):\n    return item\n")
    ordinary.experiment()
    ordinary.pytest("--seed", "7", "test_uses.py", "benchmarks", *in_full(QUICK)).assert_outcomes(passed=3)
    assert set(ordinary.cells()) == {"mine-sequential", "mine-thread-pool"}


def test_the_plugin_can_be_switched_off(ordinary: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")  # holds an option of the plugin's own
    result = ordinary.pytest(*ONCE, "-p", "no:parabench")
    result.assert_outcomes(passed=2)
    assert "parabench" not in ordinary.pytest("--help", "-p", "no:parabench").stdout.str().split("plugins:")[0]


def test_pytest_benchmark_can_be_switched_off_where_no_cell_is_measured(ordinary: Project) -> None:
    result = ordinary.pytest("-p", "no:benchmark", "-k", "plain")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1)
