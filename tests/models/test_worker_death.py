"""A worker that dies, of every model: its task is an outcome within seconds, the batch and the caller go on."""

import pytest
from driven import Driven, is_queue, lives_in_caller, values_of

#: A death has to be an outcome within seconds; slow tasks of the batch last 1.5.
SECONDS_FOR_A_DEATH = 6
#: A queue first has to be told that its worker died: celery waits 10 s for a result that may be on its way.
SECONDS_FOR_A_RETURN = 40
#: Queues that tell how a worker ended. To Celery's and Dask's own processes every end is the same.
TELLING = ("celery-threads", "rq", "dramatiq", "dramatiq-threads")


def assert_died(outcome, how):
    value, failure, _ = outcome
    assert value is None
    assert failure[0] == "WorkerDied"
    assert f"died with {how} before its task was done" in failure[1]


@pytest.mark.parametrize(("check", "how", "code"), [("killed", "signal SIGKILL", -9), ("exited", "exit status 3", 3)])
def test_a_dying_worker_costs_outcomes_not_the_batch(model, folder, check, how, code):
    if is_queue(model) and check == "exited" and model.name not in TELLING:
        pytest.skip("it does not tell how a worker ended: that of a killed one shows the rest")
    driven = Driven(model.name, [check], folder)
    assert driven.left == []
    if lives_in_caller(model):
        assert driven.exit_code == code
        return
    death = driven[check]
    if is_queue(model):
        victim, *others = death["outcomes"]
        # It was done again by another process, which it took along, too.
        how = how if model.name in TELLING else "an unknown exit status"
        assert_died(victim, how)
        for outcome, expected in zip(others, ["quick", "quick", "quick", "slow", "quick"], strict=True):
            if (
                model.name in ("dask", "celery-threads", "dramatiq-threads") and outcome[1]
            ):  # it was in the same process, both times
                assert_died(outcome, how)
            else:
                assert outcome[0] == expected
        assert values_of(death["second"]) == ["quick"] * 3
        assert death["seconds"]["batch"] < SECONDS_FOR_A_RETURN
        assert set(death["threads left"]) <= {"Dask-Offload_0"}
        return
    assert death["seconds"]["batch"] < SECONDS_FOR_A_DEATH
    assert death["seconds"]["second"] < SECONDS_FOR_A_DEATH
    assert death["seconds"]["close"] < SECONDS_FOR_A_DEATH
    victim, *quick, slow, last = death["outcomes"]
    assert_died(victim, how)
    if model.capabilities.worker == "process":  # gevent answers a batch as a whole
        assert values_of(quick) == ["quick"] * 3
    for outcome in [*quick, slow, last, *death["second"]]:
        if outcome[1]:
            assert_died(outcome, how)
    if model.name == "process-per-task":
        assert values_of([slow, last]) == ["slow", "quick"]
    assert death["threads left"] == []
    assert driven.exit_code == 0


@pytest.mark.parametrize("check", ["killed_while_idle", "killed_and_closed", "dies_at_start"])
def test_a_worker_that_dies_without_a_task_hangs_nothing(model, folder, check):
    if lives_in_caller(model):
        pytest.skip("its workers live in the process that opened the model")
    if is_queue(model) and check == "dies_at_start":
        pytest.skip("its worker goes on starting processes until the start has taken too long")
    if model.name == "process-per-task" and check != "dies_at_start":
        pytest.skip("it has no idle workers")
    driven = Driven(model.name, [check], folder)
    assert driven.left == []
    assert driven.exit_code == 0
    if is_queue(model):
        assert values_of(driven[check]) == [1, 2, 3][: len(driven[check])], "another process takes its place"
        return
    how = "exit status 4" if check == "dies_at_start" else "signal SIGKILL"
    if check == "dies_at_start" and "unknown" in str(driven[check]) and model.name == "process-pool-fork":
        how = "an unknown exit status"  # gone before anybody could look
    for outcome in driven[check]:
        assert_died(outcome, how)
