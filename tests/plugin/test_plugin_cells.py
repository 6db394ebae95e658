"""A user's own function in workloads/ runs under the chosen models, under ids that can be relied on."""

from __future__ import annotations

import os
import re
import sys

import pytest
from user_project import QUICK, Project, flat

from parabench.models import find_models

MINE = "def mine(item):\n    return item * 2\n"
DECORATED = """
import asyncio
from parabench.workload import workload

async def shout_async(item):
    await asyncio.sleep(0)
    return item.upper()

@workload(items=["a", "b", "c"], kind="cpu", name="loud", description="Makes it loud.", task_async=shout_async)
def shout(item):
    return item.upper()
"""
MODELS = "sequential,thread-pool,process-pool-fork,asyncio"


@pytest.fixture
def two_kinds(project: Project) -> Project:
    """A plain function (custom) and a declared one (cpu), with an experiment for each kind."""
    project.workload("mine", MINE)
    project.workload("declared", DECORATED)
    project.experiment("custom")
    project.experiment("cpu")
    return project


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_one_file_with_one_function_runs_under_all_chosen_models(project: Project) -> None:
    project.workload("mine", MINE)
    project.experiment()
    result = project.pytest("benchmarks", "--models", MODELS, "--passes", "1")
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.OK
    assert set(project.cells()) == {f"mine-{model}" for model in MODELS.split(",")}


def test_a_coroutine_function_runs_under_every_model_that_can_run_it(project: Project) -> None:
    project.workload("wait", "import asyncio\n\n\nasync def wait(n):\n    await asyncio.sleep(0.001)\n    return n\n")
    project.experiment()
    models = "sequential,thread-pool,process-pool-fork,asyncio,gevent"
    result = project.pytest("benchmarks", "--models", models, "--passes", "1", "--rounds", "1")
    assert result.ret == pytest.ExitCode.OK
    assert {name.removeprefix("wait-") for name in project.cells()} == {*models.split(",")} - {"gevent"}
    told = flat(result.stdout.str())
    cannot = "its task is a coroutine function, and greenlets of one thread cannot each drive an event loop"
    unavailable = find_models()["gevent"].availability()
    assert (cannot if unavailable is None else unavailable.reason) in told


def test_it_runs_under_every_model_that_is_ready(project: Project) -> None:
    project.workload("mine", MINE)
    project.experiment()
    result = project.pytest("benchmarks", "--passes", "1", "--rounds", "1", "--workers", "1", "--everything")
    assert result.ret == pytest.ExitCode.OK
    assert len(project.cells()) == result.parseoutcomes()["passed"] >= 10


def test_of_several_forms_of_a_model_one_runs_by_default_and_the_others_when_they_are_named(project: Project) -> None:
    project.workload("mine", MINE)
    project.workload(
        "rare", "from parabench import workload\n\n@workload(on_request=True)\ndef rare(n):\n    return n\n"
    )
    project.experiment()
    default = collect(project, "--passes", "1")
    models = {line.partition("[mine-")[2].rstrip("]") for line in default if "[mine-" in line}
    assert {"sequential", "thread-pool", "asyncio", "mp-pool"} <= models
    assert not {"joblib-loky", "thread-per-task", "process-pool-spawn"} & models
    assert not any("[rare-" in line for line in default)
    assert any("[rare-" in line for line in collect(project, "--passes", "1", "-k", "rare"))
    assert any("[rare-" in line for line in collect(project, "--passes", "1", "--workloads", "rare"))
    everything = collect(project, "--passes", "1", "--everything")
    assert any("[rare-" in line for line in everything)
    assert any("[mine-thread-per-task" in line for line in everything)


def collect(project: Project, *options: str) -> list[str]:
    return collected(project.pytest("benchmarks", *options, "--collect-only", "-q"))


def test_workers_of_a_fresh_interpreter_find_the_function_from_any_directory(project: Project) -> None:
    project.workload("mine", MINE)
    project.experiment()
    elsewhere = project.root.parent
    started = project.start(
        project.root / "benchmarks", "--models", "process-pool-spawn", "--passes", "1", cwd=elsewhere
    )
    output, _ = started.communicate(timeout=60)
    assert started.returncode == 0, output
    assert set(project.cells()) == {"mine-sequential", "mine-process-pool-spawn"}


def test_a_declared_workload_keeps_its_name_items_and_kind(two_kinds: Project) -> None:
    two_kinds.pytest("benchmarks", "--models", MODELS, "--passes", "1", "-m", "cpu").assert_outcomes(passed=4)
    about = two_kinds.cells()["loud-asyncio"]["extra_info"]
    assert (about["workload"], about["kind"], about["tasks"]) == ("loud", "cpu", 3)


def test_the_function_runs_alone_and_is_not_changed_by_its_declaration(two_kinds: Project) -> None:
    result = two_kinds.pytester.run(
        sys.executable,
        "-c",
        "from workloads.declared import shout; from workloads.mine import mine; print(shout('a'), mine(2))",
    )
    assert result.outlines == ["A 4"]


def test_ids_name_experiment_workload_and_model_only(two_kinds: Project) -> None:
    result = two_kinds.pytest("benchmarks", *QUICK, "--collect-only", "-q")
    assert sorted(collected(result)) == [
        "benchmarks/test_cpu.py::test_cpu[loud-sequential]",
        "benchmarks/test_cpu.py::test_cpu[loud-thread-pool]",
        "benchmarks/test_custom.py::test_custom[mine-sequential]",
        "benchmarks/test_custom.py::test_custom[mine-thread-pool]",
    ]


def test_collect_only_lists_every_cell_once_whatever_the_passes(two_kinds: Project) -> None:
    result = two_kinds.pytest("benchmarks", "--models", MODELS, "--passes", "3", "--collect-only", "-q")
    assert len(collected(result)) == len(set(collected(result))) == 8
    assert not two_kinds.sessions()


def test_ids_carry_workers_and_size_only_when_asked(two_kinds: Project) -> None:
    workers = collected(
        two_kinds.pytest("benchmarks", *QUICK, "--workers", "1,2", "--collect-only", "-q", "-m", "custom")
    )
    assert [re.search(r"\[(.*)\]", line)[1] for line in workers if "thread-pool" in line] == [
        "mine-thread-pool-w1",
        "mine-thread-pool-w2",
    ]
    sized = collected(
        two_kinds.pytest("benchmarks", *QUICK, "--size", "medium", "--collect-only", "-q", "-m", "custom")
    )
    assert sized == [
        "benchmarks/test_custom.py::test_custom[mine-sequential-medium]",
        "benchmarks/test_custom.py::test_custom[mine-thread-pool-medium]",
    ]


def test_the_numbers_of_workers_asked_for_are_measured(two_kinds: Project) -> None:
    two_kinds.pytest("benchmarks", *QUICK, "--workers", "1,3", "-k", "mine and thread-pool").assert_outcomes(passed=2)
    workers = {name: cell["extra_info"]["workers"] for name, cell in two_kinds.cells().items()}
    assert workers == {"mine-thread-pool-w1": 1, "mine-thread-pool-w3": 3}


def test_without_workers_cpu_work_gets_the_usable_cores_and_waiting_work_more(project: Project) -> None:
    for kind in ("cpu", "network"):
        project.workload(
            kind,
            f"from parabench.workload import workload\n@workload(kind='{kind}')\ndef {kind}_work(item): return item\n",
        )
        project.experiment(kind)
    project.pytest("benchmarks", "--models", "thread-pool", "--passes", "1").assert_outcomes(passed=4)
    workers = {name: cell["extra_info"]["workers"] for name, cell in project.cells().items()}
    assert workers["cpu-work-thread-pool"] == len(os.sched_getaffinity(0))
    assert workers["network-work-thread-pool"] > workers["cpu-work-thread-pool"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["benchmarks/test_custom.py::test_custom[mine-thread-pool]"], {"mine-thread-pool"}),
        (["benchmarks/test_custom.py"], {"mine-sequential", "mine-thread-pool"}),
        (["-k", "loud and sequential"], {"loud-sequential"}),
        (["-m", "cpu"], {"loud-sequential", "loud-thread-pool"}),
        (["-m", "custom"], {"mine-sequential", "mine-thread-pool"}),
        (["-m", "cpu or custom", "-k", "not sequential"], {"loud-thread-pool", "mine-thread-pool"}),
    ],
)
def test_cells_are_selected_as_any_test_is(two_kinds: Project, selection: list[str], expected: set[str]) -> None:
    result = two_kinds.pytest(*QUICK, "--strict-markers", *selection)
    assert result.ret == pytest.ExitCode.OK
    assert set(two_kinds.cells()) == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (["--models", "thread-*,sequential"], {"sequential", "thread-pool", "thread-per-task", "thread-queue"}),
        (["--models", "*-pool-fork"], {"sequential", "process-pool-fork"}),
        (["--models", "thread-pool"], {"sequential", "thread-pool"}),
    ],
)
def test_models_are_chosen_by_name_or_pattern(two_kinds: Project, choice: list[str], expected: set[str]) -> None:
    result = two_kinds.pytest("benchmarks", *choice, "--passes", "1", "--collect-only", "-q", "-m", "custom")
    assert {re.search(r"\[mine-(.*)\]", line)[1] for line in collected(result)} == expected


@pytest.mark.parametrize(
    ("choice", "expected"), [("mine", {"mine"}), ("l*", {"loud"}), ("mine,lou?", {"mine", "loud"})]
)
def test_workloads_are_chosen_by_name_or_pattern(two_kinds: Project, choice: str, expected: set[str]) -> None:
    result = two_kinds.pytest("benchmarks", "--models", "sequential", "--workloads", choice, "--collect-only", "-q")
    assert {re.search(r"\[(.*)-sequential\]", line)[1] for line in collected(result)} == expected


def test_a_typing_error_in_a_node_id_is_an_error(two_kinds: Project) -> None:
    result = two_kinds.pytest("benchmarks/test_custom.py::test_custom[mine-thread-pol]", *QUICK)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not two_kinds.sessions()
