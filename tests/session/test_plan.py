from dataclasses import replace

import pytest

from parabench.errors import UnknownName
from parabench.machine.cores import cgroup_cores
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Unavailable
from parabench.session.contestants import default_workers
from parabench.session.plan import Wish, choose, make_cells, why_not
from parabench.workload import Workload


def noop(item):
    return item


def model(name, worker="thread", availability=always, coroutines=False):
    capabilities = Capabilities(
        worker=worker, shares_memory=True, pickles=False, parallel_bytecode=False, accepts_coroutines=coroutines
    )
    texts = {"description": "", "when": "", "limits": "", "snippet": ""}
    return Model(name=name, family="f", **texts, capabilities=capabilities, open=None, availability=availability)


def work(name="w", kind="cpu", **fields):
    return Workload(name=name, task=noop, kind=kind, **{"items": lambda size: [1], **fields})


def cells_of(workload, *models, **given):
    return make_cells([workload], models, Wish(**{"size": "small", **given}), cores=2)


def test_ids_are_stable_and_leave_defaults_out():
    models = [model("sequential", worker="caller"), model("thread-pool")]
    assert [cell.id for cell in cells_of(work(), *models)] == ["w-sequential", "w-thread-pool"]
    asked = cells_of(work(), *models, workers=[1, 4], size="medium")
    assert [cell.id for cell in asked] == ["w-sequential-medium", "w-thread-pool-w1-medium", "w-thread-pool-w4-medium"]


def test_the_caller_is_one_worker_whatever_was_asked():
    assert [cell.workers for cell in cells_of(work(), model("sequential", worker="caller"), workers=[8])] == [1]


def test_waiting_work_gets_more_workers_than_cores():
    assert default_workers(work(kind="cpu"), 2) == 2
    assert default_workers(work(kind="network"), 1) == 4
    assert default_workers(work(kind="network"), 6) == 12
    assert default_workers(work(kind="network"), 64) == 32


def test_unavailable_models_keep_their_cells_and_the_reason():
    missing = Unavailable("gevent is not installed", "pip install gevent")
    (cell,) = cells_of(work(), model("gevent", availability=lambda: missing))
    assert cell.unavailable == missing


def test_live_work_runs_only_on_request():
    (cell,) = cells_of(work(kind="live"), model("thread-pool"))
    assert cell.unavailable == Unavailable("asks the real GitHub API, so it runs only on request", "add --live")
    (cell,) = cells_of(work(kind="live"), model("thread-pool"), live=True)
    assert cell.unavailable is None


def test_event_loops_do_not_run_in_greenlets():
    (cell,) = cells_of(work(drives_event_loop=True), model("gevent", worker="greenlet"))
    assert "greenlets" in cell.unavailable.reason


async def noop_async(item):
    return item


@pytest.mark.parametrize("written_for", ["asyncio", "any"])
@pytest.mark.parametrize("library", ["asyncio", "trio", None])
def test_coroutines_of_another_library_say_so(written_for, library):
    base = model("loop", worker="coroutine", coroutines=library is not None)
    loop = replace(base, capabilities=replace(base.capabilities, async_library=library))
    reason = why_not(work(task_async=noop_async, async_library=written_for), loop, live=False)
    if (written_for, library) == ("asyncio", "trio"):
        assert reason == Unavailable(
            "its coroutines are written for asyncio, which does not run under trio",
            'say async_library="any" if they await nothing of its own',
        )
    else:
        assert reason is None
    assert why_not(work(async_library=written_for), loop, live=False) is None  # without a coroutine


def test_a_coroutine_function_is_its_own_twin_and_waits():
    alone = Workload(name="w", task=noop_async, items=lambda size: [1])
    assert (alone.task_async, alone.is_coroutine, alone.waits) == (noop_async, True, True)
    assert why_not(alone, model("thread-pool"), live=False) is None
    assert why_not(alone, model("loop", worker="coroutine", coroutines=True), live=False) is None
    assert not replace(alone, kind="cpu").waits
    refusal = why_not(alone, model("gevent", worker="greenlet"), live=False)
    assert refusal == Unavailable(
        "its task is a coroutine function, and greenlets of one thread cannot each drive an event loop",
        "write it as a synchronous function too, and name this one with task_async=",
    )
    (cell,) = cells_of(alone, model("thread-pool"))
    assert (cell.workers, cell.waits) == (4, True)


def test_choosing_by_name_and_pattern_keeps_the_order():
    known = {"thread-pool": 1, "process-pool-fork": 2, "process-pool-spawn": 3}
    assert list(choose("model", ["process-*", "thread-pool"], known)) == list(known)
    assert choose("model", [], known) == known


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownName, match=r"no model matches 'threds'; known: a, b"):
        choose("model", ["threds"], {"b": 1, "a": 2})


def test_an_unknown_name_asks_for_what_was_meant_and_lists_ten():
    known = {f"model-{n:02}": n for n in range(14)} | {"thread-pool": 1}
    with pytest.raises(UnknownName) as caught:
        choose("model", ["Thread-pol"], known)
    listed = ", ".join(f"model-{n:02}" for n in range(10))
    expected = f"no model matches 'Thread-pol'; did you mean 'thread-pool'?; known: {listed} and 5 more"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("limits", "cores"),
    [({"": "max 100000"}, None), ({"a": "150000 100000"}, 1.5), ({"": "400000 100000", "a/b": "50000 100000"}, 0.5)],
)
def test_the_tightest_quota_above_the_process_counts(tmp_path, limits, cores):
    root = tmp_path / "cgroup"
    (root / "a" / "b").mkdir(parents=True)
    for folder, text in limits.items():
        (root / folder / "cpu.max").write_text(text + "\n")
    own = tmp_path / "self"
    own.write_text("0::/a/b\n")
    assert cgroup_cores(root, own) == cores


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert cgroup_cores(tmp_path, tmp_path / "missing") is None


def test_a_model_that_starts_servers_runs_only_when_models_are_named():
    queue = replace(model("queue"), on_request=True)
    [cell] = cells_of(work(), queue, named=False)
    assert cell.unavailable.install == "name it with --models"
    assert "only on request" in cell.unavailable.reason
    [cell] = cells_of(work(), queue, named=True)
    assert cell.unavailable is None
    missing = replace(queue, availability=lambda: Unavailable("celery is not installed", "pip install it"))
    [cell] = cells_of(work(), missing, named=False)
    assert cell.unavailable.reason == "celery is not installed", "what is missing comes first"


def many(size):
    return list(range(128))


def test_a_race_adds_numbers_of_workers_and_chunks_after_the_default_cells():
    pool = replace(model("pool", worker="process"), chunks=("1", "auto"))
    cells = cells_of(work(items=many), model("sequential", worker="caller"), pool, race=True)
    ids = ["w-sequential", "w-pool", "w-pool-w1", "w-pool-w4", "w-pool-w2-auto"]
    assert [cell.id for cell in cells] == ids
    assert [cell.by_default for cell in cells] == [True, True, False, False, False]
    assert cells[-1].identity.label == "pool x2, chunk auto"


def test_work_that_waits_is_raced_up_to_the_number_of_tasks_and_processes_up_to_32():
    models = model("threads"), model("pool", worker="process")
    cells = cells_of(work(kind="network", items=many), *models, race=True)
    assert [cell.id for cell in cells] == [
        *("w-threads", "w-threads-w32", "w-threads-w128"),
        *("w-pool", "w-pool-w32"),
    ]
    few = cells_of(work(kind="network", items=lambda size: [1, 2]), models[0], race=True)
    assert [cell.id for cell in few] == ["w-threads"]


def test_a_loop_that_is_blocked_by_its_tasks_has_one_number_of_workers():
    loop = model("asyncio", worker="coroutine", coroutines=True)
    assert len(cells_of(work(kind="network", items=many), loop, race=True)) == 1
    assert len(cells_of(work(kind="cpu", items=many), loop, race=True)) == 1


def test_named_workers_and_chunks_are_all_there_is():
    pool = replace(model("pool", worker="process"), chunks=("1", "auto"))
    cells = cells_of(work(items=many), pool, model("threads"), race=True, workers=[2], chunks=("1", "auto"))
    assert [cell.id for cell in cells] == ["w-pool-w2", "w-pool-w2-auto", "w-threads-w2"]
