"""What a process tree uses: CPU time, context switches and memory of a process and all its descendants.

Linux keeps exact per-process CPU clocks (clock_getcpuclockid(3)), and proportional set sizes in which a page shared by
n processes counts 1/n for each (proc_pid_smaps_rollup(5)); psutil serves the rest, on other systems all of it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from parabench.records import TreeUsage

try:
    import resource
except ImportError:  # Windows: whoever wants to measure there is told beforehand (parabench.machine.abilities)
    resource = None  # type: ignore[assignment]

try:
    import psutil
except ImportError:  # PyPy without a C compiler: children that still live are then unknown, and the record says so
    psutil = None  # type: ignore[assignment]

_CHILDREN_LISTED = Path("/proc/thread-self/children").exists()
_PROC = Path("/proc/self/stat").exists()
#: clock_getcpuclockid(3): the CPU clock of a process is (~pid << 3) | CPUCLOCK_SCHED.
_CPUCLOCK_SCHED = 2


def descendants(pid: int) -> list[int]:
    """Process ids of all living descendants of a process; empty when it is gone. Order: parents before children."""
    if not _CHILDREN_LISTED:
        if psutil is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        return []
    pids: list[int] = []
    for parent in [pid]:
        pids.extend(_children(parent))
    position = 0
    while position < len(pids):
        pids.extend(_children(pids[position]))
        position += 1
    return pids


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # the process ended while we looked
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children.extend(map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split()))
    return children


def usage_of_self() -> TreeUsage:
    """What this process has used so far, and those of its children that have ended and been waited for.

    Made of quick calls only, because it is read close around the batch; bytes are counted by `usage_of_the_rest`.
    """
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return TreeUsage(
        seconds_cpu=time.process_time() + ended.ru_utime + ended.ru_stime,
        seconds_cpu_user=own.ru_utime + ended.ru_utime,
        seconds_cpu_system=own.ru_stime + ended.ru_stime,
        context_switches_voluntary=own.ru_nvcsw + ended.ru_nvcsw,
        context_switches_involuntary=own.ru_nivcsw + ended.ru_nivcsw,
        processes=1,
        threads=threading.active_count(),
        page_faults=own.ru_minflt + ended.ru_minflt,
        bytes_read=0,
        bytes_written=0,
    )


def usage_of_the_rest() -> TreeUsage:
    """What the living descendants of this process have used so far, and the bytes that the whole tree has moved."""
    user = system = total = 0.0
    voluntary = involuntary = threads = 0
    faults: int | None = 0
    bytes_read, bytes_written = _bytes_moved(os.getpid())
    living = descendants(os.getpid())
    for pid in living:
        with contextlib.suppress(OSError, ProcessLookupError):
            child_user, child_system, child_total, child_faults = _seconds_cpu(pid)
            faults = None if faults is None or child_faults is None else faults + child_faults
            user, system, total = user + child_user, system + child_system, total + child_total
            child_voluntary, child_involuntary = _context_switches(pid)
            voluntary, involuntary = voluntary + child_voluntary, involuntary + child_involuntary
            threads += _threads(pid)
            child_read, child_written = _bytes_moved(pid)
            bytes_read = None if bytes_read is None or child_read is None else bytes_read + child_read
            bytes_written = None if bytes_written is None or child_written is None else bytes_written + child_written
    return TreeUsage(
        seconds_cpu=total,
        seconds_cpu_user=user,
        seconds_cpu_system=system,
        context_switches_voluntary=voluntary,
        context_switches_involuntary=involuntary,
        processes=len(living),
        threads=threads,
        page_faults=faults,
        bytes_read=bytes_read,
        bytes_written=bytes_written,
        blind=None
        if _CHILDREN_LISTED or psutil is not None
        else "psutil is not installed: living children not counted",
    )


def _seconds_cpu(pid: int) -> tuple[float, float, float, int | None]:
    """User, system and total CPU seconds and page faults of one process and of the children it has waited for."""
    if not _PROC:
        times = psutil.Process(pid).cpu_times()
        waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return times.user, times.system, times.user + times.system + waited, None
    ticks = os.sysconf("SC_CLK_TCK")
    # Fields after the command's closing bracket: state is the first, minflt the 8th, utime the 12th; proc_pid_stat(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, waited_user, waited_system = (int(field) / ticks for field in fields[11:15])
    total = time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED) + waited_user + waited_system
    return user + waited_user, system + waited_system, total, int(fields[7]) + int(fields[8])


def _context_switches(pid: int) -> tuple[int, int]:
    """Voluntary and involuntary switches of all living threads of a process (the kernel keeps them per thread)."""
    if not _PROC:
        switches = psutil.Process(pid).num_ctx_switches()
        return switches.voluntary, switches.involuntary
    voluntary = involuntary = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines():
                if line.startswith("voluntary_ctxt"):
                    voluntary += int(line.split()[1])
                elif line.startswith("nonvoluntary_ctxt"):
                    involuntary += int(line.split()[1])
    return voluntary, involuntary


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task")) if _PROC else int(psutil.Process(pid).num_threads())


def _bytes_moved(pid: int) -> tuple[int | None, int | None]:
    """Bytes a process and the children it has waited for have read and written (proc_pid_io(5), rchar and wchar)."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        counts = dict(line.split(": ") for line in lines)
        return int(counts["rchar"]), int(counts["wchar"])
    return None, None


def bytes_resident(pids: list[int]) -> int | None:
    """Memory of these processes together, shared pages counted once (PSS; USS where the kernel has no PSS).

    None when no process could be read.
    """
    read = [size for size in map(_bytes_of, pids) if size is not None]
    return sum(read) if read else None


def _bytes_of(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    if psutil is not None:
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_full_info().uss)
    return None
