"""What is swept of a session that was killed: what carries its name, never what may be another's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from parabench.measure.guard import Guard
from parabench.measure.scratch import name_of_scratch
from parabench.measure.watchdog import WATCHDOGS, sweep_shared_memory
from parabench.workers.environment import SCRATCH_VARIABLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shared memory is seen in /dev/shm")
MAKER = """\
import multiprocessing, os, signal
from parabench.workers.semaphores import name_semaphores

def child(queue):
    queue.put(multiprocessing.get_context("spawn").Lock()._semlock.name)

if __name__ == "__main__":
    name_semaphores()
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.SimpleQueue()
    process = spawn.Process(target=child, args=[queue])
    process.start()
    print(queue.get(), spawn.Lock()._semlock.name)
    from joblib.externals.loky.backend.synchronize import Lock
    name_semaphores()
    print(Lock()._semlock.name, flush=True)
    os.killpg(0, signal.SIGKILL)
"""


def test_semaphores_of_all_kinds_carry_the_name_of_their_session_and_go_with_it(tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    session = tmp_path / name_of_scratch()
    (tmp_path / "maker.py").write_text(MAKER)
    environment = {**os.environ, SCRATCH_VARIABLE: str(session)}
    made = subprocess.run(
        [sys.executable, tmp_path / "maker.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # with its trackers: nobody is left to remove anything
    )
    names = made.stdout.split()
    assert len(names) == 3, made.stderr
    assert all(name.startswith(f"/{session.name}-") for name in names)
    assert left(session.name)
    sweep_shared_memory(str(session))
    assert left(session.name) == []


def left(name: str) -> list[str]:
    return [entry for entry in os.listdir("/dev/shm") if name in entry]


@pytest.mark.parametrize("name", ["sem.mp-nobodys0", "sem.loky-1-nobodys0", "sem.parabench-1-f-00000000-nobodys0"])
def test_what_does_not_carry_the_name_of_the_session_stays_even_if_nobody_here_uses_it(
    name: str, tmp_path: Path
) -> None:
    other = Path("/dev/shm") / name
    other.write_bytes(bytes(32))
    try:
        sweep_shared_memory(str(tmp_path / name_of_scratch()))
        assert other.exists()
    finally:
        other.unlink()


@pytest.mark.parametrize("place", [0, 3])
def test_when_a_watchdog_is_killed_all_are_started_anew_and_the_session_goes_on(place: int, tmp_path: Path) -> None:
    session = tmp_path / name_of_scratch()
    session.mkdir()

    def watchdogs() -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if str(session) in command_of(one)]

    with Guard(session) as guard:
        work = subprocess.Popen(["sleep", "60"])
        before = wait_for(watchdogs)
        before[place].kill()
        for _ in range(200):
            guard.watch()
            now = watchdogs()
            if len(now) == WATCHDOGS and not {one.pid for one in now} & {one.pid for one in before}:
                break
            time.sleep(0.05)
        assert len(now) == WATCHDOGS
        assert not {one.pid for one in now} & {one.pid for one in before}
        assert work.poll() is None
        assert session.is_dir()
    assert work.wait(10) == -signal.SIGKILL
    psutil.wait_procs(now, timeout=10)
    assert watchdogs() == []


def command_of(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        if process.status() != psutil.STATUS_ZOMBIE:
            return " ".join(process.cmdline())
    return ""


def wait_for(watchdogs: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    deadline = time.monotonic() + 20
    while len(started := watchdogs()) < WATCHDOGS:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return sorted(started, key=lambda one: one.pid)
