"""The contract again, for models that send several tasks in one message."""

import tempfile
from pathlib import Path

import contract_driver
import pytest
from driven import Driven, values_of
from test_contract import overlap
from test_worker_death import assert_died

from parabench.errors import ChunkUnknown
from parabench.models import find_models
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

CHUNKED = [name for name, model in find_models().items() if "auto" in model.chunks]
#: Start methods differ in how workers start, and chunks have no part in that.
SLOW = ("process-pool-forkserver", "process-pool-spawn")
HEALTHY = ("order", "failures", "echoes", "together_in_chunks")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in CHUNKED]
)
def model(request):
    found = find_models()[request.param]
    if (missing := found.availability()) is not None:
        pytest.skip(missing.reason)
    return found


@pytest.fixture(scope="module")
def observed(model):
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        return Driven(f"{model.name}/auto", HEALTHY, Path(folder))


def test_chunks_are_those_of_pools():
    assert {"mp-pool", "joblib-loky", "interpreters", "process-pool-fork", *SLOW} <= set(CHUNKED)


def test_outcomes_of_chunks_come_in_the_order_of_the_items(observed):
    assert values_of(observed["order"]) == [item * item for item in range(12)]
    assert observed["echoes"]["many"][1] == list(range(500))
    assert observed["echoes"]["empty"] == []
    assert values_of(observed["echoes"]["values"]) == contract_driver.VALUES


def test_a_failing_task_of_a_chunk_is_one_failed_outcome(observed):
    good, plain, unpicklable, fine = observed["failures"]["raised"]
    assert [good[:2], fine[:2]] == [["good", None], ["fine", None]]
    assert plain[1][:2] == ["ValueError", "plain went wrong: ünïcode"]
    assert unpicklable[1][:2] == ["UnpicklableError", "this and that"]
    before, lock, after = observed["failures"]["unpicklable_value"]
    assert "pickle" in lock[1][1]
    assert [before[0], after[0]] == ["before", "after"]


def test_each_task_of_a_chunk_has_a_trace_of_its_own(observed):
    assert observed["echoes"]["two_batches"][2] == [True] * 4
    traces = [trace for _, _, trace in observed["together_in_chunks"]]
    assert all(ended - started >= 0.03 for started, ended, *_ in traces)
    assert overlap([trace[:2] for trace in traces]) == 2
    assert len({trace[3] for trace in traces}) == 2


def test_nothing_outlives_the_process_that_opened_the_model(observed):
    assert observed.left == []
    assert observed.exit_code == 0


def test_a_dying_worker_costs_its_chunk(model, tmp_path):
    if model.capabilities.worker != "process":
        pytest.skip("its workers live in the process that opened the model")
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        driven = Driven(f"{model.name}/auto", ["killed_in_chunk"], Path(folder))
    assert driven.left == []
    outcomes = driven["killed_in_chunk"]
    assert_died(outcomes[22], "signal SIGKILL")
    if model.name == "joblib-loky":  # chunks are as long as joblib finds right
        for outcome in outcomes:
            assert outcome[1] is None or outcome[1][0] == "WorkerDied"
        return
    for outcome in outcomes[21:]:
        assert_died(outcome, "signal SIGKILL")
    assert values_of(outcomes[:21]) == ["quick"] * 21


def test_an_unknown_chunk_says_what_there_is():
    call = TaskCall(task="tasks_for_tests:echo")
    with pytest.raises(ChunkUnknown, match=r"^mp-pool sends no chunks of '7': choose 1 or auto$"):
        find_models()["mp-pool"].open_with(1, call, Services(), chunk="7")
    with pytest.raises(ChunkUnknown, match=r"^sequential sends no chunks of 'auto': choose 1$"):
        find_models()["sequential"].open_with(1, call, Services(), chunk="auto")


def test_models_without_chunks_are_not_told_of_them():
    call = TaskCall(task="builtins:abs")
    with find_models()["thread-pool"].open_with(2, call, Services(), chunk="1") as run:
        assert [outcome.value for outcome in run(Batch(call, [-1, 2]))] == [1, 2]
