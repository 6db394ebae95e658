import os
import re
import signal
import subprocess
import sys
import threading
import uuid

import pytest

from parabench.errors import LockUnusable, MachineBusy
from parabench.measure import lock
from parabench.measure.lock import SessionLock

HOLD = (
    "import sys, time; from pathlib import Path; from parabench.measure.lock import SessionLock\n"
    "where = Path(sys.argv[1]) if '/' in sys.argv[1] else sys.argv[1]\n"
    "held = SessionLock.acquire(where, 'refuse', print); print('held', flush=True); time.sleep(600)"
)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="names of sockets that are no files exist on Linux only")


@pytest.fixture(params=[pytest.param("name", marks=on_linux), "file"])
def path(tmp_path, request):
    """Where the lock is: both kinds."""
    return tmp_path / "parabench.lock" if request.param == "file" else f"parabench-test-{uuid.uuid4().hex}"


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


def test_a_link_in_the_place_of_the_lock_is_refused(tmp_path):
    path, victim = tmp_path / "parabench.lock", tmp_path / "victim"
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(LockUnusable, match=re.escape(f"cannot lock {path}")):
        SessionLock.acquire(path, "refuse", never)
    assert victim.read_text() == "precious"


@on_linux
def test_what_lies_in_folders_of_all_users_has_no_part_in_the_lock_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PARABENCH_LOCK", name := f"parabench-test-{uuid.uuid4().hex}")
    (tmp_path / "parabench.lock").symlink_to(tmp_path / "victim")
    SessionLock.acquire(lock.machine_lock(), "refuse", never).release()
    assert os.listdir(tmp_path) == ["parabench.lock"], "no file was made"
    assert lock.machine_lock() == name
    monkeypatch.delenv("PARABENCH_LOCK")
    assert lock.machine_lock() == "parabench-measures"


@on_linux
def test_a_name_that_cannot_be_had_says_so():
    with pytest.raises(LockUnusable, match=r"cannot lock xx.*choose another name with PARABENCH_LOCK"):
        SessionLock.acquire("x" * 200, "refuse", never)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become two users")
def test_two_users_hold_it_in_turn_and_neither_is_locked_out(path, tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    tmp_path.chmod(0o1777)  # a folder of all users
    assert [_as_user(user, path) for user in (65534, 12345, 65534)] == [0, 0, 0]


def _as_user(user, path):
    """Exit status of a process of that user that takes the lock and gives it back."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            SessionLock.acquire(path, "refuse", never).release()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_what_others_wrote_into_the_file_is_no_reason_to_fail(tmp_path):
    path = tmp_path / "parabench.lock"
    held = SessionLock.acquire(path, "refuse", never)
    path.write_text("[1, 2")
    with pytest.raises(MachineBusy, match="another session has been measuring"):
        SessionLock.acquire(path, "refuse", never)
    held.release()
