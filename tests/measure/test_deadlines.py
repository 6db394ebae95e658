"""Every wait for a cell or a zygote ends, at whichever call it stops answering; docs/design.md lists the waits."""

import contextlib
import io
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import deeds
import pytest

from parabench.errors import CellFailed, CellProcessDied, CellTimedOut, ServiceTimedOut, ZygoteDied
from parabench.measure import launcher, service_thread
from parabench.measure.guard import Guard
from parabench.measure.launcher import ZygoteHandle
from parabench.measure.messages import Line
from parabench.queues import supervisor
from parabench.queues.address import Address
from parabench.queues.broker import end_process

TIMEOUT_SECONDS = 4.0
#: First batch, timed round, instrumented round.
CALLS = (1, 2, 3)


@pytest.mark.parametrize("call", CALLS)
def test_a_cell_that_stops_is_killed_at_its_deadline(visit, call):
    workload = deeds.workload(deeds.stop_answering, [[call, "cell", signal.SIGSTOP]], deterministic=False)
    with pytest.raises(CellTimedOut, match=r"gave no answer to 'round' within 4 s and was killed"):
        visit(workload, "sequential", timeout=TIMEOUT_SECONDS, instrument=True)


@pytest.mark.parametrize("call", CALLS)
def test_a_cell_that_is_killed_is_told_in_one_line(visit, call, capfd):
    workload = deeds.workload(deeds.stop_answering, [[call, "cell", signal.SIGKILL]], deterministic=False)
    with pytest.raises(CellProcessDied, match=r"died with signal SIGKILL during 'round'"):
        visit(workload, "sequential", timeout=TIMEOUT_SECONDS, instrument=True)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("call", CALLS)
def test_a_task_that_ends_or_stops_its_zygote_costs_its_cell(visit, call, number, capfd):
    workload = deeds.workload(deeds.stop_answering, [[call, "zygote", number]], deterministic=False)
    with pytest.raises(CellFailed) as caught:
        visit(workload, "sequential", timeout=TIMEOUT_SECONDS, instrument=True)
    assert isinstance(caught.value, ZygoteDied | CellProcessDied | CellTimedOut)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"before_round": deeds.stop_before}, "round"),
        ({"after_round": deeds.stop_after}, "round"),
        ({"context": deeds.stops_when_left}, "close"),
    ],
)
def test_a_cell_that_stops_outside_its_tasks_is_killed_too(visit, fields, step):
    task = deeds.echo_in if "context" in fields else deeds.echo
    workload = deeds.workload(task, [1], deterministic=False, **fields)
    with pytest.raises(CellTimedOut, match=f"gave no answer to '{step}' within 4 s"):
        visit(workload, "sequential", timeout=TIMEOUT_SECONDS)


def test_a_zygote_that_stops_before_it_starts_a_cell_is_replaced(tmp_path, monkeypatch):
    handle = ZygoteHandle([], tmp_path / "scratch", ())
    handle.start("json", time.monotonic() + 60)[1].close()
    handle._process.send_signal(signal.SIGSTOP)
    with pytest.raises(ZygoteDied, match="did not answer and was killed"):
        handle.start("json", time.monotonic() + 0.5)
    assert not handle.lives
    handle.close()


def test_a_zygote_that_stops_is_closed_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "SECONDS_TO_CLOSE", 0.5)
    handle = ZygoteHandle([], tmp_path / "scratch", ())
    handle.start("json", time.monotonic() + 60)[1].close()
    handle._process.send_signal(signal.SIGSTOP)
    handle.close()
    assert not handle.lives


def test_half_a_message_and_a_full_line_have_a_deadline():
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(b'{"half": ')
    with pytest.raises(TimeoutError):
        line.receive(deadline=time.monotonic() + 0.1)
    with pytest.raises(TimeoutError):
        line.send({"much": "x" * (1 << 24)}, deadline=time.monotonic() + 0.1)
    ours.close()
    theirs.close()


def test_a_broker_that_listens_and_says_nothing_is_given_up(tmp_path, monkeypatch):
    from parabench.errors import BrokerNotStarted
    from parabench.queues import broker

    monkeypatch.setattr(broker, "SECONDS_TO_START", 0.5)
    monkeypatch.setattr(broker, "SECONDS_TO_REPLY", 0.1)

    class Running:
        def poll(self):
            return None

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        with pytest.raises(BrokerNotStarted, match="it runs and does not answer"):
            broker._wait_until_it_answers(Running(), tmp_path / "s")


@pytest.mark.parametrize("step", ["start", "end"])
def test_a_service_that_does_not_start_or_end_is_given_up(visit, monkeypatch, step):
    monkeypatch.setattr(service_thread, "SECONDS_TO_START", 0.5)
    monkeypatch.setattr(service_thread, "SECONDS_TO_END", 0.5)
    go_on = threading.Event()

    @contextlib.contextmanager
    def hangs(options):
        if step == "start":
            go_on.wait()
        yield {}
        if step == "end":
            go_on.wait()

    with pytest.raises(ServiceTimedOut, match=rf"of workload 'echo' did not {step} within \S+ s and was given up"):
        visit(deeds.workload(deeds.echo, [1], service=hangs), "sequential", timeout=1.0)
    go_on.set()


def test_a_service_is_left_by_the_thread_that_entered_it(visit):
    threads = []

    @contextlib.contextmanager
    def service(options):
        threads.append(threading.get_ident())
        yield {}
        threads.append(threading.get_ident())

    visit(deeds.workload(deeds.echo, [1], service=service), "sequential")
    entered, left = threads
    assert entered == left


class Unkillable:
    """A process that the kernel does not let go, as one that waits for a dead disk."""

    pid = -1
    stdin = io.BytesIO()

    def wait(self, seconds=None):
        assert seconds is not None, "a wait without an end"
        raise subprocess.TimeoutExpired("it", seconds)

    def kill(self):
        pass

    terminate = kill


def test_a_process_that_outlives_sigkill_is_not_waited_for_without_end(monkeypatch):
    """Zygote, watchdogs and broker; a queue's supervisor is the same call."""
    monkeypatch.setattr(launcher, "kill_family", lambda pid: None)
    zygote, guard = object.__new__(ZygoteHandle), object.__new__(Guard)
    zygote._process = guard._process = Unkillable()
    zygote.kill()
    guard._dismiss()
    end_process(Unkillable(), 0.1)


def test_a_supervisor_does_not_wait_without_end_for_its_processes(monkeypatch):
    monkeypatch.setattr(supervisor, "SECONDS_TO_REAP", 0.1)
    monkeypatch.setattr(supervisor.os, "waitpid", lambda pid, how: (0, 0))
    killed = []
    monkeypatch.setattr(supervisor, "_signal_group", lambda pid, number: killed.append(number))
    held = supervisor.Supervisor(None, Address("redis://127.0.0.1:1/0", "none"), 1, lambda: False, 0.1, [])
    held._children = [supervisor._Child(1, None)]
    held._end()
    assert killed[0] == signal.SIGTERM
    assert set(killed[1:]) == {signal.SIGKILL}


def test_every_wait_has_a_deadline_or_is_in_the_list():
    """A wait without an argument has no end. What may wait so is named in docs/design.md as 'no end'."""
    no_end = {"service_thread.py": "leave.wait()", "preflight.py": "self.wait()"}  # the second one sleeps
    for room in ("measure", "queues"):
        for path in (Path(launcher.__file__).parents[1] / room).glob("*.py"):
            bare = re.findall(r"\w+\.(?:wait|join|get|result|acquire|communicate)\(\)", path.read_text())
            assert set(bare) <= {no_end.get(path.name)}, path
