"""A cell that goes wrong fails alone, says why, and keeps its time out of the stored benchmarks.

Rooms: plugin, errors.
"""

from __future__ import annotations

import re
import sys

import pytest
from user_project import Project, flat

MODELS = "sequential,thread-pool,process-pool-fork,asyncio"
#: Lets a task behave in the calling thread of a process that is no pool worker, and misbehave elsewhere.
HEAD = """
import os, signal, subprocess, threading, time, traceback
from parabench.workload import workload

def in_thread():
    return threading.current_thread() is not threading.main_thread()

def in_pool_worker():
    return any(frame.name == "_process_worker" for frame in traceback.extract_stack())

@workload(items=[1, 2])
def fine(item):
    return item

"""


@pytest.fixture
def run(project: Project):
    """Run `task(item)` with this body, on items 1 and 2, beside a workload that is fine, under four models."""

    def run_task(body: str, *args: str, models: str = MODELS) -> pytest.RunResult:
        declared = "".join(f"    {line}\n" for line in body.splitlines())
        project.workload("odd", f"{HEAD}@workload(items=[1, 2])\ndef odd(item):\n{declared}")
        project.experiment()
        return project.pytest("benchmarks", "--models", models, "--passes", "1", "--rounds", "2", *args)

    return run_task


def expect(project: Project, result: pytest.RunResult, failed: set[str]) -> str:
    """Only these cells failed, only they are not stored; returns everything that was printed."""
    models = set(MODELS.split(","))
    assert set(re.findall(r"^FAILED \S+\[(\S+)\]", result.stdout.str(), re.MULTILINE)) == {f"odd-{m}" for m in failed}
    result.assert_outcomes(failed=len(failed), passed=2 * len(models) - len(failed))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert set(project.cells()) == {f"fine-{m}" for m in models} | {f"odd-{m}" for m in models - failed}
    assert {entry["cell"] for entry in project.stored()["parabench"]["failed"]} == {f"odd-{m}" for m in failed}
    assert all(entry["reason"] for entry in project.stored()["parabench"]["failed"])
    return flat(result.stdout.str())


def test_a_failure_of_all_cells_is_told_once_with_their_number(project: Project, run) -> None:
    result = run("raise ValueError('not today')")
    said = expect(project, result, set(MODELS.split(",")))
    failures = result.stdout.str().partition("FAILURES")[2].partition("short test summary")[0]
    cells = ", ".join(sorted(f"odd-{model}" for model in MODELS.split(",")))
    assert f"4 cells fail like this: {cells} cell odd-sequential (the reference run): 2 of 2 tasks failed" in said
    assert flat(failures).count("task 0, item 1: ValueError: not today (2 tasks like this)") == 1


def test_a_wrong_result_names_the_item_and_both_values(project: Project, run) -> None:
    result = run("return 'elsewhere' if item == 2 and in_thread() else 'here'")
    said = expect(project, result, {"thread-pool"})
    assert "cell odd-thread-pool: 1 of 2 results differ from sequential" in said
    assert "item 2: 'elsewhere' instead of 'here'" in said


def test_a_result_that_depends_on_the_process_is_wrong_everywhere_else(project: Project, run) -> None:
    said = expect(project, run("return [item, in_pool_worker()]"), {"process-pool-fork"})
    assert "2 of 2 results differ from sequential" in said
    assert "item 1: [1, True] instead of [1, False]" in said


def test_a_result_that_never_repeats_is_wrong_under_every_model(project: Project, run) -> None:
    said = expect(project, run("return time.perf_counter_ns()"), set(MODELS.split(",")))
    assert "2 of 2 results differ from sequential" in said


def test_a_check_of_the_workload_decides_too(project: Project) -> None:
    declared = "@workload(items=[1, 2], check=lambda item, result: result == item)\ndef checked(item):\n    return 1\n"
    project.workload("checked", f"from parabench.workload import workload\n\n{declared}")
    project.experiment()
    result = project.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "1")
    result.assert_outcomes(failed=2)
    assert "item 2" in result.stdout.str()
    assert not project.sessions() or not project.cells()


def test_a_raising_task_shows_its_item_and_its_own_traceback(project: Project, run) -> None:
    result = run("if in_pool_worker() and item == 2:\n    raise LookupError('no such thing')\nreturn item")
    said = expect(project, result, {"process-pool-fork"})
    assert "1 of 2 tasks failed" in said
    assert "item 2: LookupError: no such thing" in said
    assert f'File "{project.root}/workloads/odd.py", line' in said
    assert "raise LookupError('no such thing')" in said


def test_a_task_that_raises_everywhere_fails_every_cell_of_its_workload_only(project: Project, run) -> None:
    said = expect(project, run("raise LookupError('no such thing')"), set(MODELS.split(",")))
    assert "LookupError: no such thing" in said


def test_a_failure_is_told_once(project: Project, run) -> None:
    said = expect(project, run("if in_thread(): raise LookupError('just once')\nreturn item"), {"thread-pool"})
    assert "During handling of the above exception" not in said
    assert "fixture was not used at all" not in said


def test_a_result_that_is_not_json_is_named(project: Project, run) -> None:
    said = expect(project, run("return object() if in_thread() else item"), {"thread-pool"})
    assert "odd-thread-pool" in said
    assert "a result of type object cannot be compared with that of another model" in said
    assert "digest=FUNCTION" in said


def test_a_killed_pool_worker_is_named_with_its_signal(project: Project, run) -> None:
    result = run("if in_pool_worker() and item == 2:\n    os.kill(os.getpid(), signal.SIGKILL)\nreturn item")
    said = expect(project, result, {"process-pool-fork"})
    assert "odd-process-pool-fork" in said
    assert "SIGKILL" in said
    assert project.processes_left() == []


def test_a_process_that_leaves_is_named_with_its_exit_status(project: Project, run) -> None:
    said = expect(project, run("if in_pool_worker():\n    os._exit(7)\nreturn item"), {"process-pool-fork"})
    assert re.search(r"exit (status|code) 7", said)


def test_a_task_that_kills_the_process_of_its_cell_takes_no_other_cell_with_it(project: Project, run) -> None:
    said = expect(
        project, run("if in_thread():\n    os.kill(os.getpid(), signal.SIGKILL)\nreturn item"), {"thread-pool"}
    )
    assert "odd-thread-pool died with signal SIGKILL" in said


def test_a_workload_that_kills_every_process_leaves_the_other_workload_alone(project: Project, run) -> None:
    said = expect(project, run("os.kill(os.getpid(), signal.SIGSEGV)"), set(MODELS.split(",")))
    assert "SIGSEGV" in said


def test_hanging_cells_are_killed_with_all_their_processes(project: Project, run) -> None:
    body = (
        "if in_thread() or in_pool_worker():\n    subprocess.Popen(['sleep', '600'])\n    time.sleep(600)\nreturn item"
    )
    said = expect(project, run(body, "--cell-timeout", "2"), {"thread-pool", "process-pool-fork"})
    for model in ("thread-pool", "process-pool-fork"):
        assert f"cell odd-{model} gave no answer" in said
    assert "within 2 s and was killed with all its processes" in said
    assert project.processes_left() == []


def test_what_a_task_prints_stays_out_of_the_way(project: Project, run) -> None:
    project.experiment()
    result = run("print('{\"ok\": true}', flush=True)\nos.write(1, b'raw bytes')\nreturn item")
    expected = 2 * len(MODELS.split(","))
    result.assert_outcomes(passed=expected)
    assert len(project.cells()) == expected


def test_x_stops_after_the_first_failing_cell_and_keeps_what_was_measured(project: Project, run) -> None:
    result = run("raise LookupError('no such thing')", "-x", "--seed", "5")
    assert result.parseoutcomes()["failed"] == 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "stopping after 1 failures" in result.stdout.str()
    stored = set(project.cells()) if project.sessions() else set()
    assert len(stored) == result.parseoutcomes().get("passed", 0) < 4


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="interpreters are available from Python 3.14 on")
def test_an_unavailable_model_is_skipped_with_its_reason(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", "--models", "interpreters,sequential", "--passes", "1", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == pytest.ExitCode.OK
    said = flat(result.stdout.str())
    assert "SKIPPED [1] benchmarks/test_custom.py:4: interpreters: needs Python 3.14 or newer" in said
    assert "needs Python 3.14 or newer" in said.split("What to use")[1].split("Stored as")[0]
    assert set(project.cells()) == {"mine-sequential"}
    assert [entry["cell"] for entry in project.stored()["parabench"]["not_run"]] == ["mine-interpreters"]
