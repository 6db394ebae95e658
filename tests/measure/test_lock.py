import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from parabench.errors import LockUnusable, MachineBusy
from parabench.measure import lock
from parabench.measure.lock import SessionLock

HOLD = (
    "import sys, time; from pathlib import Path; from parabench.measure.lock import SessionLock\n"
    "SessionLock.acquire(Path(sys.argv[1]), 'refuse', print); print('held', flush=True); time.sleep(600)"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "parabench.lock"


@pytest.fixture
def holder(path):
    """Another process that measures."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def never(holder):
    raise AssertionError("nobody to wait for")


def test_a_free_machine_is_taken_at_once_and_again_after_release(path):
    for policy in lock.POLICIES:
        taken = SessionLock.acquire(path, policy, never)
        assert not taken.noisy
        taken.release()


def test_a_busy_machine_is_refused_with_who_and_since_when(path, holder):
    with pytest.raises(
        MachineBusy, match=rf"process {holder.pid} has been measuring on this machine since \d{{4}}-.*--on-busy"
    ):
        SessionLock.acquire(path, "refuse", never)


def test_measuring_all_the_same_is_marked(path, holder):
    taken = SessionLock.acquire(path, "allow", never)
    assert taken.noisy
    taken.release()


def test_waiting_tells_whom_for_and_goes_on_when_the_holder_is_killed(path, holder, monkeypatch):
    monkeypatch.setattr(lock, "LOOK_SECONDS", 0.01)
    waited_for = []

    def on_wait(one):
        waited_for.append(one.pid)
        threading.Timer(0.1, os.kill, (holder.pid, signal.SIGKILL)).start()

    taken = SessionLock.acquire(path, "wait", on_wait)
    assert waited_for == [holder.pid]
    assert not taken.noisy
    taken.release()


def test_processes_started_by_a_session_do_not_hold_its_lock(path):
    taken = SessionLock.acquire(path, "refuse", never)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
    taken.release()
    again = SessionLock.acquire(path, "refuse", never)
    again.release()
    child.kill()
    child.wait()


def test_a_link_in_the_place_of_the_lock_is_refused(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(LockUnusable, match=re.escape(f"cannot lock {path}")):
        SessionLock.acquire(path, "refuse", never)
    assert victim.read_text() == "precious"


def test_what_others_wrote_into_the_file_is_no_reason_to_fail(path, holder):
    path.write_text("[1, 2")
    with pytest.raises(MachineBusy, match="another session has been measuring"):
        SessionLock.acquire(path, "refuse", never)
