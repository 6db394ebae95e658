"""`parabench.workers.pools`: waiting for workers, and telling which of several dead processes died first."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from parabench.errors import WorkersNotStarted
from parabench.workers import pools as processes
from parabench.workers.pools import NewChildren, wait_for_workers

SECONDS_AT_MOST = 30


class FakeProcess:
    """A process that has ended: its sentinel is ready, its exit code known."""

    def __init__(self, pid, exitcode):
        self.pid = pid
        self.exitcode = exitcode
        self._popen = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
        self._popen.wait()
        self.sentinel = self._popen.stdout.fileno()


def children(*codes, expected=None):
    found = NewChildren(expected or len(codes))
    found.processes = [FakeProcess(pid, code) for pid, code in enumerate(codes, start=100)]
    return found


def test_waiting_asks_until_every_worker_has_answered():
    answers = iter([["a", "a"], ["a", "b"]])
    pauses = []

    def ask(seconds):
        pauses.append(seconds)
        return next(answers)

    wait_for_workers(2, ask)
    assert pauses == [[0.001] * 2, [0.002] * 2]


def test_waiting_ends_with_an_error_when_a_worker_never_answers(monkeypatch):
    monkeypatch.setattr(processes, "SECONDS_TO_START", 0.05)
    with pytest.raises(WorkersNotStarted, match=r"only 1 of 2 workers answered within 0.05 s; ask for fewer workers"):
        wait_for_workers(2, lambda seconds: ["a"])


def test_the_worker_that_ended_unlike_the_others_died_first():
    death = children(-signal.SIGTERM, 3, -signal.SIGTERM).death(siblings_ended_by=signal.SIGTERM)
    assert str(death) == "worker 101 died with exit status 3 before its task was done"
    assert death.exit_code == 3


def test_workers_that_all_ended_by_the_same_signal_died_of_it():
    death = children(-signal.SIGKILL, -signal.SIGKILL).death(siblings_ended_by=signal.SIGKILL)
    assert str(death) == "worker 100 died with signal SIGKILL before its task was done"


def test_siblings_alone_do_not_tell_what_the_first_one_died_of():
    death = children(-signal.SIGTERM, expected=2).death(siblings_ended_by=signal.SIGTERM)
    assert str(death) == "worker of unknown id died with an unknown exit status before its task was done"
    assert death.exit_code is None


def test_a_pool_is_broken_when_a_process_has_ended_or_was_never_seen():
    assert children(0).broken, "it has ended"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
        found = NewChildren(1)
        assert found.broken, "it died before it could be seen: nothing would tell of its end"
        process = FakeProcess(100, None)
        process.sentinel = living.stdout.fileno()
        found.processes = [process]
        assert not found.broken
        living.stdin.close()


#: A pool with a fork server, whose worker says its process id and that of its parent, and then has a result to send.
ORPHANED = """
import multiprocessing, os, pathlib, time
from parabench.task import TaskCall
from parabench.workers.pools import prepare_process

def late(item):
    pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}")
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return "x" * item

if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    call = TaskCall(task="operator:neg")
    with context.Pool(1, prepare_process, (call,)) as pool:
        pool.apply(late, (1_000_000,))
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux only: elsewhere workers live on")
def test_a_worker_that_finds_out_that_its_cell_is_gone_says_nothing(tmp_path):
    """The kernel's word comes with the end of the fork server, which is held up here."""
    (tmp_path / "program.py").write_text(ORPHANED)
    with (tmp_path / "said").open("w") as said:
        cell = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, stderr=said)
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    worker, server = map(int, pids.read_text().split())
    os.kill(server, signal.SIGSTOP)
    try:
        worker_ends = os.pidfd_open(worker)
        cell.kill()
        cell.wait()
        (tmp_path / "go").touch()
        assert select.select([worker_ends], [], [], SECONDS_AT_MOST)[0], "the worker has not ended"
        os.close(worker_ends)
    finally:
        os.kill(server, signal.SIGKILL)
    assert "Traceback" not in (tmp_path / "said").read_text()  # a resource tracker may warn


def wait_until(happened):
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
