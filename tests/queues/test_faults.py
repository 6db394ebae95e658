"""What really happens to queues: each ends within a bounded time with every result, or with what was lost."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest
from queue_helpers import (
    PASSWORD,
    TASKS,
    Broker,
    batch,
    call_of,
    external_worker,
    kill_tree,
    model_or_skip,
    own_workers,
    wait_until,
)

from parabench.errors import BrokerUnreachable, WorkersDiffer, WorkersMissing, WorkersNotStarted
from parabench.models.contract import Model
from parabench.queues.client import QueueRun
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

pytestmark = pytest.mark.slow
#: Silence is taken for a loss after so long.
SILENCE = 4.0
#: Enough for two silences, and what starting again takes.
SECONDS_BOUND = 40
#: One that the library's own worker keeps going, and one whose processes are the supervisor's.
PARAMETRIZED = pytest.mark.parametrize("name", ["celery", "rq"])
ITEMS = [["slow", 0.6], *[["quick", 0.05]] * 7]


@contextmanager
def soon(seconds: float, act: Callable[[], Any]) -> Iterator[None]:
    """Does something while the body runs."""
    timer = threading.Timer(seconds, act)
    timer.start()
    yield
    timer.join()


def values(outcomes: list[Any]) -> list[Any]:
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []
    return [outcome.value for outcome in outcomes]


def expected() -> list[str]:
    return [act for act, _ in ITEMS]


@pytest.fixture
def bounded() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SECONDS_BOUND


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["dramatiq", "rq"])
def test_tasks_of_a_hung_worker_are_done_by_another_one(name: str) -> None:
    model = model_or_skip(name)
    with batch(model, Services(seconds_silence=SILENCE), ITEMS) as go:
        hung = own_workers()[0]
        with soon(0.2, hung.suspend):
            outcomes, found = go()
        assert values(outcomes) == expected()
        assert found["tasks_sent_again"] >= 1
        assert found["disturbed"]["tasks sent again"] == found["tasks_sent_again"]
        hung.resume()


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    ("name", "call"), [("dramatiq", 3), ("rq", 1), ("rq", 4)], ids=["later round", "first round", "traced round"]
)
def test_a_worker_may_stop_answering_in_any_round(name: str, call: int) -> None:
    model, prepared = model_or_skip(name), call_of("misbehave")
    with model.open_with(2, prepared, Services(seconds_silence=SILENCE)) as run:
        for number in range(1, 5):
            # All take long, and idle workers of dramatiq look for tasks once a second: whichever is stopped has one.
            batch_now = Batch(replace(prepared, traced=number == 4), [["slow", 0.6]] * 8)
            with soon(1.5, own_workers()[0].suspend if number == call else lambda: None):
                outcomes = run(batch_now)
            assert values(outcomes) == ["slow"] * 8
            if number == call:
                assert run.findings()["queue"]["tasks_sent_again"] >= 1
                break


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["celery", "dramatiq", "rq"])
def test_a_worker_that_does_not_answer_the_greeting_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, greet = model_or_skip(name), QueueRun.greet

    def greet_the_hung(run: QueueRun, workers: int, call: TaskCall) -> None:
        wait_until(lambda: bool(own_workers()))
        for worker in own_workers():
            worker.suspend()
        greet(run, workers, call, SILENCE)

    monkeypatch.setattr(QueueRun, "greet", greet_the_hung)
    with pytest.raises(WorkersNotStarted):
        model.open_with(2, call_of("misbehave"), Services(seconds_silence=SILENCE)).__enter__()
    assert own_workers() == []


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["celery", "dramatiq", "rq"])
def test_a_worker_that_does_not_answer_at_the_end_costs_nothing(name: str) -> None:
    with batch(model_or_skip(name), Services(seconds_silence=SILENCE), ITEMS) as go:
        assert values(go()[0]) == expected()
        own_workers()[0].suspend()
    assert own_workers() == []


@pytest.mark.usefixtures("bounded")
def test_tasks_that_nobody_is_left_to_do_are_counted() -> None:
    model = model_or_skip("celery-threads")
    with batch(model, Services(seconds_silence=SILENCE / 2), ITEMS) as go:
        for worker in own_workers():
            worker.suspend()
        outcomes, found = go()
        for worker in own_workers():
            worker.resume()
    assert {outcome.failure.type for outcome in outcomes} == {"TaskLost"}
    assert "after it had been sent 2 times" in outcomes[1].failure.message
    assert outcomes[0].failure.message.endswith("(0 of 8 tasks done, 8 lost, 0 done twice)")
    assert found["tasks_sent_again"] == 8


@pytest.mark.usefixtures("bounded")
def test_a_broker_of_its_own_that_is_killed_costs_the_open_tasks(queue: Model) -> None:
    with batch(queue, Services(seconds_silence=SILENCE), ITEMS) as go:
        servers = [child for child in psutil.Process().children() if "valkey" in child.name()]
        assert len(servers) == 1
        with soon(0.2, servers[0].kill):
            outcomes, found = go()
    lost = [outcome.failure for outcome in outcomes if outcome.failure]
    assert lost[0].type == "BrokerLost"
    assert re.search(r"\(\d of 8 tasks done, \d lost, 0 done twice\)$", lost[0].message)
    assert found["bytes_received"] is None
    assert found["bytes_reason"]


@pytest.mark.usefixtures("bounded")
@PARAMETRIZED
def test_a_broker_that_is_killed_and_comes_back_empty_costs_nothing(name: str, broker: Broker) -> None:
    queue = model_or_skip(name)

    def restart() -> None:
        broker.kill()
        time.sleep(0.5)
        broker.start()

    with batch(queue, Services(broker=broker.url, seconds_silence=SILENCE), ITEMS) as go:
        with soon(0.3, restart):
            outcomes, found = go()
        assert values(outcomes) == expected()
        assert found["tasks_sent_again"] >= 1
        assert found["disturbed"]["broker lost"] == 1
        assert (found["bytes_received"], found["bytes_sent"]) == (None, None)
        assert found["bytes_reason"] == "the broker was started again during the batch, and its counters with it"
        again, found = go()
        assert values(again) == expected()
        assert found["bytes_received"] > 0
        assert found["disturbed"] == {}
    assert [key for key in broker.names() if "/crew/" in key] == []


@pytest.mark.usefixtures("bounded")
def test_a_broker_that_was_never_there_is_an_error_with_its_address(queue: Model, broker: Broker) -> None:
    broker.kill()
    services = Services(broker=broker.url)
    with pytest.raises(BrokerUnreachable, match=rf"redis://:\*\*\*@127.0.0.1:{broker.port}/0.*refused") as raised:
        queue.open_with(1, call_of("echo"), services).__enter__()
    assert PASSWORD not in str(raised.value)
    broker.start()


@pytest.mark.usefixtures("bounded")
def test_a_wrong_password_is_an_error_that_does_not_show_it(queue: Model, broker: Broker) -> None:
    services = Services(broker=broker.url.replace(PASSWORD, "battery-staple"))
    with pytest.raises(BrokerUnreachable, match="user and password") as raised:
        queue.open_with(1, call_of("echo"), services).__enter__()
    assert "battery-staple" not in str(raised.value)
    assert "battery-staple" not in repr(services)


@pytest.mark.usefixtures("bounded")
def test_no_external_workers_is_an_error_with_their_command(broker: Broker) -> None:
    queue = model_or_skip("celery")
    services = Services(broker=broker.url, workers_external=True)
    with pytest.raises(WorkersMissing, match=f"none; start them with 'parabench worker {queue.name} --broker"):
        queue.open_with(2, call_of("echo"), services).__enter__()


@pytest.mark.usefixtures("bounded")
@PARAMETRIZED
def test_external_workers_do_the_work_and_tell_it(name: str, broker: Broker, tmp_path: Path) -> None:
    queue = model_or_skip(name)
    services = Services(broker=broker.url, workers_external=True, seconds_silence=SILENCE)
    with external_worker(queue.name, broker, tmp_path) as (worker, said):
        with batch(queue, services, ITEMS) as go:
            assert values(go()[0]) == expected()
        with pytest.raises(WorkersMissing, match=r"3 workers of .* ready are: .* \(2\); run with --workers 2"):
            queue.open_with(3, call_of("echo"), services).__enter__()
        with batch(queue, services, ITEMS) as go:  # the same workers serve one client after another
            assert values(go()[0]) == expected()
    assert worker.returncode == 0
    text = said.read_text()
    assert f"serves {queue.name} with 2 workers at redis://:***@127.0.0.1:{broker.port}/0" in text
    assert PASSWORD not in text
    assert [key for key in broker.names() if key.startswith(("parabench-", "rq:job", "rq:results"))] == []


@pytest.mark.usefixtures("bounded")
@PARAMETRIZED
def test_a_killed_host_costs_nothing_while_another_one_lives(name: str, broker: Broker, tmp_path: Path) -> None:
    model = model_or_skip(name)
    services = Services(broker=broker.url, workers_external=True, seconds_silence=SILENCE)
    with (
        external_worker(name, broker, tmp_path, workers=1) as (victim, _),
        external_worker(name, broker, tmp_path, workers=1),
        batch(model, services, [["slow", 0.6]] * 4) as go,
    ):
        with soon(0.3, lambda: kill_tree(victim.pid, signal.SIGKILL)):
            outcomes, found = go()
        assert values(outcomes) == ["slow"] * 4
        assert found["tasks_sent_again"] >= 1
        assert found["disturbed"]["workers missing"] == 1


@pytest.mark.usefixtures("bounded")
def test_a_round_in_which_nothing_happened_is_not_disturbed(queue: Model) -> None:
    with batch(queue, Services(seconds_silence=SILENCE), ITEMS) as go:
        for _ in range(2):
            assert go()[1]["disturbed"] == {}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["celery", "celery-threads", "dramatiq", "dramatiq-threads", "rq"])
def test_a_worker_that_is_lost_and_replaced_shows_even_if_it_had_no_task(name: str) -> None:
    model = model_or_skip(name)
    with batch(model, Services(seconds_silence=SILENCE), ITEMS) as go:
        assert go()[1]["disturbed"] == {}
        own_workers()[-1].kill()
        time.sleep(1.0)
        outcomes, found = go()
        assert values(outcomes) == expected()
        assert found["disturbed"]["workers lost"] == 1
        assert go()[1]["disturbed"] == {}


@PARAMETRIZED
def test_another_version_is_refused_at_both_ends(name: str, broker: Broker, tmp_path: Path) -> None:
    queue = model_or_skip(name)
    old = "import importlib.metadata as m\nreal = m.version\n"
    old += "m.version = lambda name: '0.0.9' if name == 'parabench' else real(name)"
    services = Services(broker=broker.url, workers_external=True)
    told = f"parabench is {version('parabench')} at the client and 0.0.9 at the worker"
    with external_worker(queue.name, broker, tmp_path, script=old) as (_, said):
        with pytest.raises(WorkersDiffer, match=re.escape(told)):
            queue.open_with(2, call_of("echo"), services).__enter__()
        time.sleep(0.5)
    assert f"a client was refused: {told}" in said.read_text()


@PARAMETRIZED
def test_other_work_is_refused_at_both_ends(name: str, broker: Broker, tmp_path: Path) -> None:
    queue = model_or_skip(name)
    changed = tmp_path / "changed" / "models"
    changed.mkdir(parents=True)
    source = (TASKS / "tasks_for_tests.py").read_text()
    (changed / "tasks_for_tests.py").write_text(source.replace("item * item", "item * item + 1"))
    services = Services(broker=broker.url, workers_external=True)
    first = f"import sys; sys.path.insert(0, {str(changed)!r})"
    with external_worker(queue.name, broker, tmp_path, script=first) as (_, said):
        with pytest.raises(WorkersDiffer, match=r"the workload's source is \w+ at the client and \w+ at the worker"):
            queue.open_with(2, call_of("echo"), services).__enter__()
        time.sleep(0.5)
    assert "a client was refused: the workload's source is" in said.read_text()
