"""A workload file that cannot be used is a usage error that names it; nothing is left out in silence."""

from __future__ import annotations

import pytest
from user_project import QUICK, Project, flat

DECLARE = "from parabench.workload import Workload, workload\n\n"


@pytest.fixture
def refused(project: Project):
    """Run with workloads/mine.py and a second file, odd.py; it must be refused. Returns what was said."""

    def run(text: str) -> str:
        project.workload("mine", "def mine(item):\n    return item\n")
        project.workload("odd", text)
        project.experiment()
        result = project.pytest("benchmarks", *QUICK)
        said = result.stdout.str() + result.stderr.str()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "INTERNALERROR" not in said
        assert not project.sessions()
        return flat(said)

    return run


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def odd(:\n", "SyntaxError: invalid syntax"),
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("VALUE = 1 / 0\n", "ZeroDivisionError: division by zero"),
        (DECLARE + "@workload(bananas=3)\ndef odd(item):\n    return item\n", "bananas"),
    ],
    ids=["syntax", "import", "raises", "keyword"],
)
def test_a_file_that_cannot_be_imported_is_named_with_the_reason(refused, text: str, reason: str) -> None:
    said = refused(text)
    assert "workloads/odd.py" in said
    assert reason in said


def test_two_workloads_with_one_name_are_refused_with_both_places(refused) -> None:
    said = refused(DECLARE + "@workload(name='mine')\ndef odd(item):\n    return item\n")
    assert "'mine'" in said
    assert "odd" in said


def test_an_unknown_kind_is_refused_with_the_known_ones(refused) -> None:
    said = refused(DECLARE + "@workload(kind='gpu')\ndef odd(item):\n    return item\n")
    assert "'odd'" in said
    assert (
        "its kind 'gpu' is none of cpu, native, disk, network, live, mixed, overhead, scaling, shared_state, custom"
        in said
    )


@pytest.mark.parametrize(
    "text",
    [
        DECLARE + "ODD = Workload(name='odd', task=lambda item: item, items=lambda size: [1, 2])\n",
        DECLARE + "WORKLOADS = [workload(name='odd', items=[1, 2])(lambda item: item).workload]\n",
        DECLARE + "def make():\n    @workload\n    def odd(item):\n        return item\n    return odd\n\n"
        "WORKLOADS = [make().workload]\n",
    ],
    ids=["field", "decorator", "closure"],
)
def test_a_task_that_workers_cannot_import_is_refused(refused, text: str) -> None:
    said = refused(text)
    assert "workload 'odd' is not usable" in said
    assert "neither a module-level function nor bound to a variable of a module" in said
    assert "so workers in other processes cannot find it by name: bind it to one" in said


@pytest.mark.parametrize("name", ["", "a,b"])
def test_a_name_that_cannot_be_chosen_is_refused(refused, name: str) -> None:
    assert "name" in refused(DECLARE + f"@workload(name={name!r})\ndef odd(item):\n    return item\n")


def test_items_that_are_not_json_fail_with_the_workload_named(project: Project) -> None:
    project.workload("odd", DECLARE + "@workload(items=[1, {2, 3}])\ndef odd(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    said = flat(result.stdout.str() + result.stderr.str())
    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.TESTS_FAILED)
    assert "MeasuredCell object at" not in said
    assert "'odd'" in said or "odd-sequential" in said
    assert "not a JSON value" in said
    assert project.cells() == {}, "stored for its reasons alone"


def test_a_workload_without_items_is_not_measured(project: Project) -> None:
    project.workload("odd", DECLARE + "@workload(items=[])\ndef odd(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.TESTS_FAILED)
    assert project.cells() == {}, "stored for its reasons alone"


def test_a_file_in_which_nothing_is_found_is_not_passed_over_in_silence(project: Project) -> None:
    project.workload("odd", "def first(item):\n    return item\n\n\ndef second(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    said = flat(result.stdout.str() + result.stderr.str())
    measured = set(project.cells()) if project.sessions() else set()
    assert measured >= {"first-sequential", "second-sequential"} or "odd.py" in said


def test_a_function_with_a_name_beyond_ascii_is_measured_or_refused_but_not_dropped(project: Project) -> None:
    project.workload("mine", "def gr\u00f6\u00dfe(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    if result.ret == pytest.ExitCode.USAGE_ERROR:
        assert "gr\u00f6\u00dfe" in result.stderr.str()
    else:
        result.assert_outcomes(passed=2)
        assert len(project.cells()) == 2


def test_private_functions_and_imported_ones_are_no_workloads(project: Project) -> None:
    project.workload(
        "mine",
        "from textwrap import dedent\nfrom os.path import join\n\n\ndef _half(item):\n    return item / 2\n\n\n"
        "def mine(item):\n    return _half(item) + len(dedent(join('a', 'b')))\n",
    )
    project.experiment()
    project.pytest("benchmarks", *QUICK).assert_outcomes(passed=2)
    assert set(project.cells()) == {"mine-sequential", "mine-thread-pool"}


def test_a_workload_file_may_use_its_neighbours_and_the_project_s_own_modules(project: Project) -> None:
    project.file("conftest.py", "")
    project.file("ourlib.py", "def double(item):\n    return item * 2\n")
    project.workload("_shared", "OFFSET = 1\n")
    project.workload(
        "mine",
        "from ourlib import double\nfrom workloads._shared import OFFSET\n\n\n"
        "def mine(item):\n    return double(item) + OFFSET\n",
    )
    project.experiment()
    models = "sequential,process-pool-fork,process-pool-spawn,process-pool-forkserver"
    started = project.start("benchmarks", "--models", models, "--passes", "1", "--rounds", "1")
    output, _ = started.communicate(timeout=60)
    assert started.returncode == 0, output
    assert len(project.cells()) == 4
