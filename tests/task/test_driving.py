import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager, nullcontext

import pytest

from parabench import task
from parabench.task import TaskCall
from parabench.workers.loops import LoopContexts

EVENTS = []


@contextmanager
def context(settings):
    EVENTS.append("enter")
    yield settings["value"]
    EVENTS.append("leave")


@asynccontextmanager
async def context_async(settings):
    EVENTS.append("enter async")
    yield settings["value"]
    EVENTS.append("leave async")


@contextmanager
def broken_context(settings):
    raise OSError("the session does not open")
    yield


@pytest.fixture(autouse=True)
def forget():
    EVENTS.clear()
    yield
    task.leave_process()


async def loop_and_value(item, value):
    return [item + value, id(asyncio.get_running_loop())]


def coroutine_call(**fields):
    name = f"{__name__}:loop_and_value"
    return TaskCall(task=name, task_async=name, settings='{"value": 10}', **fields)


@pytest.mark.parametrize("kind", ["context", "context_async"])
def test_a_coroutine_function_is_driven_by_one_loop_for_each_thread(kind):
    each = coroutine_call(**{kind: f"{__name__}:{kind}"})
    each.prepare()
    entered = list(EVENTS)
    run = each.bound()
    mine = [run(1), each(2)]
    others = []
    other = threading.Thread(target=lambda: [others.append(run(3)), task.leave_thread()])
    other.start()
    other.join()
    task.leave_process()
    assert [outcome.value[0] for outcome in (*mine, *others)] == [11, 12, 13]
    assert len({outcome.value[1] for outcome in mine}) == 1
    name = {"context": "", "context_async": " async"}[kind]
    entries = {"context": 1, "context_async": 2}[kind]  # threads share a synchronous context, and no loop
    assert entered == [f"enter{name}"]
    assert sorted(EVENTS) == [f"enter{name}"] * entries + [f"leave{name}"] * entries


def test_a_coroutine_function_takes_its_synchronous_context_under_a_loop_too():
    twin = coroutine_call(context=f"{__name__}:context")

    async def main():
        contexts = LoopContexts()
        await contexts.prepare(twin)
        run = await contexts.bound(twin, nullcontext())
        outcomes = [await run(item) for item in (1, 2)]
        await contexts.leave()
        return outcomes, id(asyncio.get_running_loop())

    outcomes, loop = asyncio.run(main())
    assert [outcome.value for outcome in outcomes] == [[11, loop], [12, loop]]
    task.leave_process()
    assert EVENTS == ["enter", "leave"]


def test_a_driven_coroutine_whose_context_fails_is_the_failure_of_every_task():
    each = coroutine_call(context=f"{__name__}:broken_context")
    each.prepare()
    for outcome in (each(1), each.bound()(2)):
        assert outcome.failure[:2] == ("OSError", "the session does not open")
