"""Where threads wait, told from outside."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from parabench.measure.wait_sites import (
    LOOKS_PER_LISTING,
    Look,
    WaitWatch,
    data_segments,
    site_of,
    sites_in_tasks,
    why_unseen,
)
from parabench.records import Trace

MAPS = """\
00400000-00401000 r-xp 00000000 08:01 1    /usr/bin/python3.14
00a00000-00b00000 rw-p 00600000 08:01 1    /usr/bin/python3.14
00b00000-00b40000 rw-p 00000000 00:00 0
00c00000-00d00000 rw-p 00000000 00:00 0    [heap]
7f000000-7f100000 r--p 00000000 08:01 2    /usr/lib/libpython3.11.so.1.0
7f200000-7f300000 rw-p 00200000 08:01 2    /usr/lib/libpython3.11.so.1.0
7f400000-7f500000 rw-p 00000000 08:01 3    /usr/lib/libc.so.6
7f500000-7f600000 rw-p 00000000 00:00 0
"""
SEGMENTS = data_segments(MAPS, "/usr/bin/python3.14")
TEXTS = {
    "running": "running",
    "gil": "202 0xa00040 0x80 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "lock": "202 0xc00040 0x80 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "file lock": "73 0x3 0x2 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "sleep": "230 0x1 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "poll": "232 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "socket": "0 0x5 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
    "page": "-1 0x7ffd 0x7f5e",
    "other": "999 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f5e",
}


def test_the_data_of_the_interpreter_are_those_of_its_files_and_what_adjoins_them() -> None:
    assert SEGMENTS == [(0xA00000, 0xB00000), (0xB00000, 0xB40000), (0x7F200000, 0x7F300000)]


@pytest.mark.parametrize(("site", "text"), TEXTS.items())
def test_a_site_follows_from_the_call_and_its_arguments(site: str, text: str) -> None:
    assert site_of(text, SEGMENTS, lambda number: "socket", "x86_64") == site


def test_a_call_that_waits_for_nothing_is_a_sleep_and_a_lock_by_fcntl_is_a_file_lock() -> None:
    for text, site in {
        "23 0x0 0x0 0x0 0x0 0x7ff 0x0 0x1 0x2": "sleep",
        "23 0x4 0x0 0x0 0x0 0x7ff 0x0 0x1 0x2": "poll",
        "7 0x7ff 0x0 0x64 0x0 0x0 0x0 0x1 0x2": "sleep",
        "7 0x7ff 0x1 0x64 0x0 0x0 0x0 0x1 0x2": "poll",
        "72 0x3 0x7 0x0 0x0 0x0 0x0 0x1 0x2": "file lock",
        "72 0x3 0x1 0x0 0x0 0x0 0x0 0x1 0x2": "other",
    }.items():
        assert site_of(text, SEGMENTS, lambda number: "pipe", "x86_64") == site


def test_only_looks_at_a_thread_with_a_task_count() -> None:
    traces = [Trace(1.0, 2.0, 0.5, "7:8:99", "here"), Trace(3.0, 4.0, 0.5, "7:8:99", "here")]
    looks = [Look(seconds, "7:8", "gil") for seconds in (0.5, 1.5, 2.5, 3.5)] + [Look(1.5, "7:9", "lock")]
    assert sites_in_tasks(looks, traces) == {"gil": 2}


def test_looking_takes_5_per_cent_of_the_time_at_most() -> None:
    now, costs = [0.0], [1.0, 0.01]  # who is there is asked before there is anything to disturb

    def pids() -> list[int]:
        now[0] += costs.pop(0)
        return []

    watch = WaitWatch(pids, lambda: now[0], lambda: now[0])
    watch.reason = None
    watch.look()
    assert watch.due == pytest.approx(now[0] + 0.002)
    watch.times = LOOKS_PER_LISTING - 1
    now[0] = watch.due
    watch.look()
    assert watch.due == pytest.approx(now[0] + 0.19)


def test_where_it_is_forbidden_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(WaitWatch, "_read", refuse)
    watch = WaitWatch(lambda: [os.getpid()])
    watch.reason = None
    watch.look()
    watch.look()
    assert watch.reason == "the system does not let this user see where threads wait (ptrace rules)"
    assert (watch.looks, watch.times) == ([], 2)


@pytest.mark.skipif(why_unseen() is not None, reason="nothing is shown here")
def test_what_has_ended_is_not_kept_open() -> None:
    with WaitWatch(lambda: [os.getpid()]) as watch:
        thread = threading.Thread(target=time.sleep, args=(0.1,))
        thread.start()
        watch.look()
        of_thread = os.getpid(), thread.native_id
        assert of_thread in watch._files
        thread.join()
        deadline = time.monotonic() + 10  # the kernel shows a thread for a moment longer than it can be waited for
        while Path(f"/proc/self/task/{thread.native_id}").exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        watch.look()
        assert of_thread not in watch._files
    assert not watch._files


def test_systems_and_machines_that_show_nothing_are_told(tmp_path: Path) -> None:
    assert why_unseen(tmp_path / "syscall") == "this system does not show in which system call a thread is"
    (tmp_path / "syscall").touch()
    assert why_unseen(tmp_path / "syscall", "riscv64") == "the system calls of riscv64 are unknown here"
    assert why_unseen(tmp_path / "syscall", "x86_64") is None


BUSY = """
import threading, time
def {name}(end):
    {body}
lock = threading.Lock()
end = time.monotonic() + 20
threads = [threading.Thread(target={name}, args=(end,), daemon=True) for _ in range(3)]
[thread.start() for thread in threads]
print(flush=True)
time.sleep(20)
"""
BODIES = {
    "gil": "while time.monotonic() < end: sum(range(1000))",
    "lock": "while time.monotonic() < end:\n        with lock: time.sleep(0.01)",
    "sleep": "time.sleep(20)",
}


@pytest.mark.skipif(platform.system() != "Linux", reason="needs the proc file system of Linux")
@pytest.mark.parametrize("site", BODIES)
def test_threads_of_a_living_process_are_found(site: str) -> None:
    if site == "gil" and not getattr(sys, "_is_gil_enabled", lambda: True)():
        pytest.skip("there is no GIL")
    program = BUSY.format(name="work", body=BODIES[site])
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with WaitWatch(lambda: [process.pid]) as watch:
                for _ in range(40):
                    time.sleep(max(0.0, watch.due - time.monotonic()))
                    watch.look()
        finally:
            process.kill()
    if watch.reason is not None:
        pytest.skip(watch.reason)
    found = [look.site for look in watch.looks if look.thread != f"{process.pid}:{process.pid}"]
    assert found.count(site) > 0.3 * len(found)
