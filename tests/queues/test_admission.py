"""What workers take: what has been announced, from the session that greeted them, and nothing is imported before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
from queue_helpers import QUEUES, Broker, batch, call_of, external_worker, model_or_skip, wait_until

from parabench.queues.admission import Admission, announced
from parabench.queues.expiring import expiring_client
from parabench.queues.opening import external_address
from parabench.task import TaskCall, call_to_text
from parabench.workers.introduction import introduction_for
from parabench.workers.services import Services

CALL = TaskCall(task="workloads.mine:mine", context="workloads.mine:context")
TEXT = call_to_text(CALL)


def taking(*calls: TaskCall) -> Admission:
    admission = Admission()
    admission.announce(map(announced, calls))
    return admission


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"task": "os:system"}, "task 'os:system' with workloads.mine:context has not been announced by this worker"),
        ({"task_async": "os:system"}, "task 'workloads.mine:mine' with os:system, workloads.mine:context has not been"),
        ({"context": "os:mkdir"}, "task 'workloads.mine:mine' with os:mkdir has not been announced by this worker"),
        ({"context": None}, "task 'workloads.mine:mine' has not been announced by this worker"),
        ({"context_async": "os:mkdir"}, "has not been announced by this worker"),
        ({"context_scope": "thread"}, "has not been announced by this worker"),
        ({"task": ["os:system"]}, "a message is no call of a task"),
        ({"more": 1}, "has not been announced by this worker"),
    ],
)
def test_a_call_that_differs_in_any_name_is_refused(fields: dict[str, Any], told: str) -> None:
    refused = taking(CALL).refusal(json.dumps({**asdict(CALL), **fields}), "token", greeting=True)
    assert refused is not None
    assert told in refused


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"task": "os:system"}', "1", None, 7])
def test_what_is_no_call_is_refused(text: Any) -> None:
    assert taking(CALL).refusal(text, "token", greeting=True) == "a message is no call of a task"


def test_settings_and_traces_are_data() -> None:
    other = json.dumps({**asdict(CALL), "settings": '{"url": "http://x"}', "traced": True})
    assert taking(CALL).refusal(other, "token", greeting=True) is None


def test_nothing_is_taken_before_it_is_announced() -> None:
    refused = Admission().refusal(TEXT, "token", greeting=True)
    assert refused is not None
    assert "has not been announced" in refused


def test_messages_of_another_session_are_refused_until_it_greets() -> None:
    admission = taking(CALL)
    assert admission.refusal(TEXT, "one", greeting=True) is None
    assert admission.refusal(TEXT, "one", greeting=False) is None
    refused = admission.refusal(TEXT, "other", greeting=False)
    assert refused == "a message is of another session than the one that greeted this worker"
    assert admission.refusal(TEXT, "other", greeting=True) is None
    assert admission.refusal(TEXT, "one", greeting=False) == refused
    for token in ("", None, 7):
        assert admission.refusal(TEXT, token, greeting=True) == "a message carries no token of a session"  # type: ignore[arg-type]


def send(name: str, broker: Broker, function: str, arguments: list[Any]) -> Any:
    """What somebody with the broker's password sends; returns the answer, or the error in its place."""
    library = model_or_skip(name).queue
    assert library is not None
    address = external_address(name, broker.url)
    with library.connect(address.url, address.namespace) as queue:
        ticket = queue.send(function, arguments)
        deadline = time.monotonic() + 20
        while (answer := queue.take(ticket, 1)) is None:
            assert time.monotonic() < deadline, "no answer"
        return json.loads(answer)


@pytest.mark.parametrize("name", QUEUES)
def test_a_client_with_the_password_has_nothing_run_but_what_was_announced(
    name: str, broker: Broker, tmp_path: Path
) -> None:
    model_or_skip(name)
    trace, made = tmp_path / "trace", tmp_path / "made"
    command = f"touch {trace}"
    system = call_to_text(TaskCall(task="os:system"))
    context = call_to_text(TaskCall(task="tasks_for_tests:echo", context="os:mkdir", settings=json.dumps(str(made))))
    echo = call_of("echo")
    identity = {"version": "any", "python": "any", "source": "any"}
    with external_worker(name, broker, tmp_path) as (_, said):
        _, (kind, message, _), _ = send(name, broker, "work", ["1.1", "token", system, command])
        assert kind == "MessageRefused"
        assert message.startswith("refused: task 'os:system' has not been announced by this worker; ")
        assert send(name, broker, "work", ["1.2", "token", context, 1])[1][0] == "MessageRefused"
        assert "os:system" in send(name, broker, "greet", [system, "token", identity, 0])["refusal"]
        for expected in ({}, {"version": introduction_for(echo)["version"]}, None):
            answer = send(name, broker, "greet", [call_to_text(echo), "token", expected, 0])
            assert answer["refusal"] == "a greeting does not say what the client is"
        wait_until(lambda: "6 messages refused so far" in said.read_text())
    assert not trace.exists()
    assert not made.exists()


def test_rq_runs_jobs_of_our_functions_only(broker: Broker, tmp_path: Path) -> None:
    model_or_skip("rq")
    from rq import Callback, Queue
    from rq.serializers import JSONSerializer

    trace = tmp_path / "trace"
    address = external_address("rq", broker.url)
    with external_worker("rq", broker, tmp_path) as (_, said), expiring_client().from_url(broker.url) as connection:
        queue = Queue(address.namespace, connection=connection, serializer=JSONSerializer)
        queue.enqueue("os.system", args=[f"touch {trace}"])
        ours = ("parabench.queues.serving.leave", [0])
        queue.enqueue(ours[0], args=ours[1], on_success=Callback("os.system"))
        queue.enqueue(ours[0], args=ours[1], on_failure=Callback("os.system"))
        wait_until(lambda: "3 messages refused so far" in said.read_text())
    assert not trace.exists()


@pytest.mark.parametrize("name", ["celery", "celery-threads"])
def test_workers_of_celery_take_no_order_of_remote_control(name: str, broker: Broker, tmp_path: Path) -> None:
    model = model_or_skip(name)
    from parabench.queues.celery_library import make_app

    services = Services(broker=broker.url, workers_external=True)
    with (
        external_worker(name, broker, tmp_path) as (process, _),
        batch(model, services, [["quick", 0.0]] * 4) as go,
    ):
        before = psutil.Process(process.pid).children(recursive=True)
        app = make_app(broker.url, external_address(name, broker.url).namespace)
        orders: dict[str, dict[str, Any]] = {
            "shutdown": {},
            "pool_restart": {"modules": ["os"], "reload": True},
            "pool_shrink": {"n": 2},
            "add_consumer": {"queue": "other"},
            "cancel_consumer": {"queue": app.conf.task_default_queue},
            "rate_limit": {"task_name": "parabench.work", "rate_limit": "1/h"},
            "time_limit": {"task_name": "parabench.work", "hard": 0.001},
            "ping": {},
            "os:system": {"command": f"touch {tmp_path / 'trace'}"},
        }
        for order, arguments in orders.items():
            ((answer,),) = (
                told.values() for told in app.control.broadcast(order, arguments, reply=True, limit=1, timeout=20)
            )
            assert answer == {"error": f"KeyError({order!r})"}
        app.send_task("parabench.leave", [0], queue="other", routing_key="other", ignore_result=True)
        assert [outcome.value for outcome in go()[0]] == ["quick"] * 4
        assert psutil.Process(process.pid).children(recursive=True) == before
        with expiring_client().from_url(broker.url) as connection:
            assert connection.llen(f"{external_address(name, broker.url).namespace}:other") == 1
        app.close()
    assert not (tmp_path / "trace").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", QUEUES)
def test_workers_end_with_their_supervisor_whatever_ends_it(name: str, broker: Broker, tmp_path: Path) -> None:
    model_or_skip(name)
    services = Services(broker=broker.url, workers_external=True)
    with (
        external_worker(name, broker, tmp_path) as (process, _),
        batch(model_or_skip(name), services, [["quick", 0.0]]) as go,
    ):
        assert go()[0][0].failure is None
        workers = psutil.Process(process.pid).children(recursive=True)
        assert workers
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        _, left = psutil.wait_procs(workers, timeout=5)
    assert not left


def test_a_broker_that_is_none_is_refused_by_the_worker_as_by_the_client(tmp_path: Path) -> None:
    model_or_skip("celery")
    (tmp_path / "workloads").mkdir()
    command = [sys.executable, "-c", "from parabench.cli import main; main()", "worker", "celery"]
    done = subprocess.run(
        [*command, "--broker", "amqp://me:hunter2@h"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--broker 'amqp://me:***@h' cannot be used: expected a URL such as redis://" in done.stderr
    assert "hunter2" not in done.stderr
