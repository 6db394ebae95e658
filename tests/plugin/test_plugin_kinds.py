"""Which test measures which workloads, and what is said when none does."""

from __future__ import annotations

import pytest
from user_project import QUICK, Project, flat

PLAIN = "def mine(item):\n    return item\n"
CPU = "from parabench import workload\n\n@workload(kind='cpu', items=[1])\ndef hard(item):\n    return item\n"
UNMARKED = "def test_mine(cell):\n    cell.measure()\n"
ONE = ("--models", "sequential", "--passes", "1", "--rounds", "1")


def names(result: pytest.RunResult) -> list[str]:
    return sorted(line.split("::")[1] for line in result.outlines if "::" in line and "[" in line)


def test_a_test_without_a_mark_takes_every_kind_that_no_other_test_takes(project: Project) -> None:
    project.workload("mine", PLAIN)
    project.workload("hard", CPU)
    project.file("test_mine.py", UNMARKED)
    collected = project.pytest("--collect-only", "-q", *ONE)
    assert names(collected) == ["test_mine[hard-sequential]", "test_mine[mine-sequential]"]
    assert names(project.pytest("--collect-only", "-q", *ONE, "-m", "cpu")) == ["test_mine[hard-sequential]"]
    project.experiment("cpu")
    project.file("test_more.py", UNMARKED)
    collected = project.pytest("--collect-only", "-q", *ONE)
    assert names(collected) == ["test_cpu[hard-sequential]", "test_mine[mine-sequential]"], "each cell once"
    project.pytest(*ONE).assert_outcomes(passed=2, deselected=3)
    assert set(project.cells()) == {"hard-sequential", "mine-sequential"}


def test_no_test_for_what_was_chosen_is_an_error_that_says_so(project: Project) -> None:
    project.workload("hard", CPU)
    project.experiment()
    result = project.pytest(*ONE, "benchmarks")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = flat(result.stderr.str())
    assert "no test measures what was chosen: hard (cpu); the tests here take custom" in said
    assert "Write one with @pytest.mark.cpu, or one without a mark" in said


def test_an_empty_folder_of_workloads_is_an_error_that_says_so(project: Project) -> None:
    (project.root / "workloads").mkdir()
    project.file("test_mine.py", UNMARKED)
    result = project.pytest(*ONE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "there is nothing to measure: no workload of" in flat(result.stderr.str())
    project.file("test_other.py", "def test_other():\n    pass\n")
    project.pytest(*ONE).assert_outcomes(passed=1, deselected=1)  # other tests are not kept from running


@pytest.mark.skipif("sys.version_info >= (3, 14)", reason="the interpreter has them")
def test_models_that_cannot_run_here_end_with_status_5_and_the_reasons(project: Project) -> None:
    project.workload("mine", PLAIN)
    project.file("test_mine.py", UNMARKED)
    result = project.pytest("--models", "interpreters", "--passes", "1")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.assert_outcomes(skipped=1, deselected=1)
    said = flat(result.stdout.str())
    assert "nothing was measured, for none of these models can run: interpreters: needs Python 3.14 or newer" in said
    assert not project.sessions()
    project.pytest("--models", "interpreters,sequential", *ONE[2:]).assert_outcomes(passed=1, skipped=1)


def test_cells_refuse_to_run_beside_others_in_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:anyio -p no:hypothesispytest")
    project.workload("mine", PLAIN)
    project.file("test_mine.py", UNMARKED)
    project.file("test_other.py", "def test_other():\n    pass\n")
    result = project.pytest("-n", "1", *QUICK)
    result.assert_outcomes(passed=1, errors=1)
    (line,) = (line for line in result.outlines if line.startswith("parabench: "))
    assert line == "parabench: cells are measured alone on a machine: run without pytest-xdist (-n 0)"
    assert not project.sessions()
