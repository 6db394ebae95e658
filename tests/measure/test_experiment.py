import os
import tempfile
import time
import uuid
from pathlib import Path

import deeds
import psutil
import pytest
from visits import USED_NOTHING

from parabench.errors import CellDisturbed, CellFailed, CellProcessDied, CellTimedOut, TasksFailed, WrongResult
from parabench.measure.cell import Round
from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.measure.stay import Stay, visit_of
from parabench.models import find_models
from parabench.names import find
from parabench.records import Cell
from parabench.workload import Workload

IN_PROCESS = ["sequential", "thread-pool", "asyncio"]
WITH_PROCESSES = ["process-per-task", "mp-pool", "process-pool-fork", "process-pool-spawn", "joblib-loky"]
#: Models that keep semaphores, arrays or sockets.
LEAVING = ["process-pool-spawn", "process-pool-forkserver", "mp-pool", "joblib-loky"]


def ready(model, *marks):
    missing = find_models()[model].availability()
    skip = pytest.mark.skipif(missing is not None, reason=str(missing and missing.reason))
    return pytest.param(model, marks=[skip, *marks])


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
def test_a_hung_cell_is_killed_with_all_its_processes(visit, model, monkeypatch):
    mark = uuid.uuid4().hex  # inherited by all that is started here, and by nobody else's processes
    monkeypatch.setenv("PARABENCH_TEST_MARK", mark)
    workload = deeds.workload(deeds.hang_with_children, [1, 2], deterministic=False)
    with pytest.raises(CellTimedOut, match=r"gave no answer to 'round' within 1.5 s and was killed") as caught:
        visit(workload, model, timeout=1.5)
    assert "--cell-timeout" in str(caught.value)
    deadline = time.monotonic() + 10  # what was killed may take a moment to be gone
    while (hung := [process for process in psutil.process_iter() if _lives_with(process, mark)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert hung == []


def _lives_with(process, mark):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and mark in process.environ().values()
    except psutil.Error:  # it has ended meanwhile, or is somebody else's
        return False


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs /dev/shm")
@pytest.mark.parametrize("model", [ready(name) for name in LEAVING])
def test_a_killed_cell_leaves_no_shared_memory_and_no_files(visit, model, short_folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(short_folder))  # other tests have fork servers of their own in /tmp
    before = in_memory_and_temporary()
    with pytest.raises(CellTimedOut):
        visit(deeds.workload(deeds.hang, [1, 2], deterministic=False), model, timeout=2.5)
    left = in_memory_and_temporary() - before
    deadline = time.monotonic() + 60
    while left and time.monotonic() < deadline:  # what other processes of this machine keep goes with them
        time.sleep(0.05)
        left &= in_memory_and_temporary()
    assert sorted(left) == []
    assert os.listdir(short_folder) == []


@pytest.fixture
def short_folder():
    """A folder of our own whose name is short: sockets may be put into it."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def in_memory_and_temporary():
    """Names of shared memory and temporary files, but of the folders that others on this machine have."""
    temporary = [name for name in os.listdir(tempfile.gettempdir()) if not name.startswith("pymp-")]
    found = [*os.listdir("/dev/shm"), *temporary]
    return {name for name in found if not name.startswith(("pytest-", "parabench-"))}


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


@pytest.mark.parametrize("model", ["sequential", "process-pool-fork", ready("gevent")])
def test_a_result_that_is_no_json_value_is_compared_by_what_stands_for_it(visit, model):
    assert visit(deeds.workload(deeds.not_json, [1, 2]), model).tasks == 2


@pytest.mark.parametrize("model", ["thread-pool", ready("gevent")])
def test_a_result_for_which_nothing_stands_is_refused_with_the_remedy(visit, model):
    refusal = r"2 of 2 tasks failed.*NotComparable: a result of type object cannot be compared .*digest=FUNCTION"
    with pytest.raises(TasksFailed, match=f"(?s){refusal}"):
        visit(deeds.workload(deeds.not_comparable, [1, 2]), model)
    assert visit(deeds.workload(deeds.not_comparable, [1, 2], digest=deeds.kind_of), model).tasks == 2


def test_items_that_are_not_json_are_made_before_the_rounds(visit):
    work = deeds.workload(deeds.length_and_kind, [3, 4], make_item=deeds.as_bytes, check=deeds.is_bytes)
    assert visit(work, "process-pool-fork").tasks == 2


@pytest.mark.parametrize("model", ["thread-pool", "process-pool-spawn", "asyncio"])
@pytest.mark.parametrize(("name", "value"), [("half", 2.0), ("adder.add", 5), ("adder.wait", 6), ("doubler", 8)])
def test_partials_methods_and_objects_are_found_by_any_worker(visit, model, name, value):
    def is_right(item, result):
        return result == value

    work = Workload(name="odd", task=find(f"deeds:{name}"), items=lambda size: [4], check=is_right)
    assert visit(work, model).tasks == 1


def test_a_class_that_is_set_up_is_a_context(visit):
    assert visit(deeds.workload(deeds.add_of, [1], context=deeds.Adder), "process-pool-fork").tasks == 1


def test_findings_that_are_no_json_value_are_told(visit):
    with pytest.raises(CellFailed, match=r"what after_round found is not JSON: Object of type set is not JSON"):
        visit(deeds.workload(deeds.echo, [1], after_round=deeds.find_a_set), "sequential")


def test_findings_that_are_no_number_fail_their_cell(visit):
    with pytest.raises(CellFailed, match=r"what after_round found is not JSON: Out of range float values") as caught:
        visit(deeds.workload(deeds.echo, [1], after_round=deeds.find_no_number), "sequential")
    assert "Traceback" not in str(caught.value)


def test_an_experiment_that_cannot_begin_leaves_nothing_running(tmp_path):
    options = ExperimentOptions(
        size="small",
        seed=1,
        latency_seconds=0.0,
        github_url="",
        cell_timeout_seconds=60.0,
        rounds=1,
        scratch=tmp_path / "nowhere",
    )
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(FileNotFoundError), Experiment(options, {}, []):
        pass
    assert [child for child in psutil.Process().children(recursive=True) if child.pid not in before] == []


def test_a_task_that_removes_the_folder_for_files_spoils_no_end(visit):
    assert visit(deeds.workload(deeds.remove_scratch, [1]), "sequential").tasks == 1


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


@pytest.mark.parametrize("model", ["sequential", "thread-pool"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_a_task_that_changes_its_item_is_told_so(visit, model, deterministic):
    workload = deeds.workload(deeds.grow, [[], [7]], deterministic=deterministic)
    with pytest.raises(WrongResult, match=r"the task changed its item: task 0, item \[\] is now \[0\]; task 1"):
        visit(workload, model)


def stay_with(*rounds):
    left = iter(rounds)
    return Stay(CELL, 1, 1, 0.0, 0.0, lambda: next(left))


CELL = Cell(workload="w", model="celery", kind="cpu", workers=2, size="small")


def round_of(seconds, **disturbed):
    causes = {cause.replace("_", " "): count for cause, count in disturbed.items()}
    return Round(seconds, USED_NOTHING, [], {}, {}, causes)


def test_a_disturbed_round_is_set_aside_and_repeated_once():
    stay = stay_with(round_of(9.0, tasks_sent_again=8, workers_lost=1), round_of(1.0))
    assert stay.round() == 1.0
    visit = visit_of(stay, 0, 0)
    assert visit.seconds_per_round == (1.0,)
    assert [(one.cause, one.count, one.during, one.seconds_set_aside) for one in visit.disturbed] == [
        ("tasks sent again", 8, "round", (9.0,)),
        ("workers lost", 1, "round", (9.0,)),
    ]


def test_a_round_that_is_disturbed_twice_fails_its_cell_and_says_by_what():
    stay = stay_with(round_of(9.0, broker_lost=1), round_of(8.0, workers_too_many=2))
    with pytest.raises(
        CellDisturbed, match=r"cell w-celery has no clean round.*\(broker lost: 1; workers too many: 2\)"
    ):
        stay.round()


def test_what_other_programs_took_is_told_of_each_visit(visit):
    stay = visit(deeds.workload(deeds.wait, [0.05]), "sequential", rounds=2)
    record = visit_of(stay, 0, 0)
    assert (record.share_others is None) == (record.others_reason is not None)
    if record.share_others is not None:
        assert 0 <= record.share_others <= 1
