import os
import tempfile
from pathlib import Path

import deeds
import psutil
import pytest

from parabench.errors import CellFailed, CellProcessDied, CellTimedOut, TasksFailed, WrongResult
from parabench.measure.experiment import visit_of
from parabench.models import find_models

IN_PROCESS = ["sequential", "thread-pool", "asyncio"]
WITH_PROCESSES = ["process-per-task", "mp-pool", "process-pool-fork", "process-pool-spawn", "joblib-loky"]


def ready(model):
    missing = find_models()[model].availability()
    return pytest.param(model, marks=pytest.mark.skipif(missing is not None, reason=str(missing and missing.reason)))


def test_a_visit_is_recorded_whole(visit):
    stay = visit(deeds.workload(deeds.wait, [0.01, 0.01]), "thread-pool", instrument=True, rounds=3)
    record = visit_of(stay, pass_number=2, position=5)
    assert (record.pass_number, record.position) == (2, 5)
    assert len(record.seconds_per_round) == 3
    assert all(0.01 <= seconds < 1 for seconds in record.seconds_per_round)
    assert 0 < record.seconds_open < 5
    assert record.seconds_first_batch >= 0.01
    assert stay.tasks == 2
    traces = stay.instrumented.traces
    assert len(traces) == 2
    assert len({trace.worker for trace in traces}) == 2
    assert all(trace.seconds_ended - trace.seconds_started >= 0.01 for trace in traces)


@pytest.mark.parametrize("model", IN_PROCESS)
def test_a_killed_process_costs_its_cell_and_names_the_signal(visit, model):
    workload = deeds.workload(deeds.kill_self, [1], deterministic=False)
    with pytest.raises(CellProcessDied, match=rf"kill-self-{model} died with signal SIGKILL during 'round'"):
        visit(workload, model)


@pytest.mark.parametrize("model", IN_PROCESS)
def test_a_process_that_leaves_costs_its_cell_and_names_the_status(visit, model):
    with pytest.raises(CellProcessDied, match=r"died with exit status 3 during 'round'"):
        visit(deeds.workload(deeds.leave, [3], deterministic=False), model)


@pytest.mark.parametrize("model", [ready(name) for name in WITH_PROCESSES])
def test_a_killed_worker_is_a_failed_cell(visit, model):
    with pytest.raises(TasksFailed, match=r"WorkerDied: worker .* died with signal SIGKILL"):
        visit(deeds.workload(deeds.kill_self, [1], deterministic=False), model)


@pytest.mark.parametrize("model", ["sequential", "thread-pool", "process-pool-fork", "process-per-task"])
def test_a_hung_cell_is_killed_with_all_its_processes(visit, model):
    workload = deeds.workload(deeds.hang_with_children, [1, 2], deterministic=False)
    with pytest.raises(CellTimedOut, match=r"gave no answer to 'round' within 1.5 s and was killed") as caught:
        visit(workload, model, timeout=1.5)
    assert "--cell-timeout" in str(caught.value)
    hung = [
        p
        for p in psutil.process_iter()
        if p.status() != psutil.STATUS_ZOMBIE and WORK_NAME in " ".join(_environment(p))
    ]
    assert hung == []


#: In the PYTHONPATH of cells; another checkout may run the same tests.
WORK_NAME = str(Path(deeds.__file__).parent)


def _environment(process):
    try:
        return process.environ().values()
    except psutil.Error:
        return []


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs /dev/shm")
@pytest.mark.parametrize("model", [ready(name) for name in ["process-pool-spawn", "mp-pool", "joblib-loky"]])
def test_a_killed_cell_leaves_no_shared_memory_and_no_files(visit, model):
    before = {name for folder in ("/dev/shm", tempfile.gettempdir()) for name in os.listdir(folder)}
    with pytest.raises(CellTimedOut):
        visit(deeds.workload(deeds.hang, [1, 2], deterministic=False), model, timeout=2.5)
    after = {name for folder in ("/dev/shm", tempfile.gettempdir()) for name in os.listdir(folder)}
    # Other sessions on this machine have folders of these names.
    assert sorted(name for name in after - before if not name.startswith(("pytest-", "parabench-"))) == []


def test_failing_tasks_are_told_with_their_traceback(visit):
    with pytest.raises(TasksFailed, match=r"1 of 3 tasks failed") as caught:
        visit(deeds.workload(deeds.fail_on_three, [1, 2, 3], deterministic=False), "process-pool-fork")
    assert "task 2, item 3: ValueError: three is not allowed" in str(caught.value)
    assert "in fail_on_three" in str(caught.value)


def test_a_failing_reference_says_that_it_is_the_reference(visit):
    with pytest.raises(TasksFailed, match=r"fail-on-three-sequential \(the reference run\): 1 of 1 tasks failed"):
        visit(deeds.workload(deeds.fail_on_three, [3]), "thread-pool")


def test_results_that_differ_from_sequential_fail_the_cell(visit):
    with pytest.raises(WrongResult, match=r"2 of 2 results differ from sequential"):
        visit(deeds.workload(deeds.whoami, [1, 2]), "process-pool-fork")


def test_a_result_that_is_no_json_value_is_told(visit):
    with pytest.raises(CellFailed, match=r"a result is not a JSON value: Object of type set is not JSON serializable"):
        visit(deeds.workload(deeds.not_json, [1]), "sequential")


def test_a_batch_that_is_wrong_as_a_whole_fails_the_cell(visit):
    with pytest.raises(CellFailed, match=r"AssertionError: the batch as a whole is wrong"):
        visit(deeds.workload(deeds.echo, [1], after_round=deeds.refuse), "sequential")


def test_findings_of_timed_rounds_are_kept(visit):
    stay = visit(deeds.workload(deeds.echo, [1, 2], after_round=deeds.count), "sequential", rounds=2)
    assert stay.findings == [{"tasks_seen": 2}] * 2


def test_a_service_that_does_not_start_costs_its_cells_only(visit):
    def broken(options):
        raise RuntimeError("no such server")

    with pytest.raises(CellFailed, match=r"the service of workload 'echo' did not start: RuntimeError: no such server"):
        visit(deeds.workload(deeds.echo, [1], service=broken), "sequential")
