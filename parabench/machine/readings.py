"""What Linux tells of the machine and of the state it is in; other systems tell less.

Every reader takes the folder or file that it reads, so that a test can offer another machine. What is not there is None
or empty; errors of reading are the caller's to word.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
import sysconfig
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

_CGROUPS, _OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
#: Options of CPython's configure script that change its speed. Everything else may hold paths, which name the user.
_OPTION = re.compile(
    r"--(?:enable|disable|with|without)-"
    r"(?:optimizations|bolt|shared|gil|experimental-jit|pystats|profiling|lto|pydebug|assertions|trace-refs|dtrace"
    r"|valgrind|computed-gotos|pymalloc|mimalloc|freelists|tail-call-interp|strict-overflow|hash-algorithm"
    r"|(?:address|memory|thread|undefined-behavior)-sanitizer)"
    r"(?:=[a-z0-9-]{1,20})?"
)
_COMPILER_OPTION = re.compile(r"-O\w*|-march=[\w.+-]+|-mtune=[\w.+-]+")
#: Files that a container has at its root, and words in the control group of its first process.
_CONTAINER_FILES = (".dockerenv", "run/.containerenv", "run/systemd/container")
_CONTAINER_WORDS = re.compile(r"docker|kubepods|containerd|lxc|libpod|machine\.slice")


class CpuTicks(NamedTuple):
    """Time of some cores since the system started, in ticks of the kernel."""

    busy: int
    #: Part of `busy` that the hypervisor gave to other guests.
    stolen: int
    total: int


def cores_by_affinity() -> int | None:
    """Cores that this process is allowed to run on; None where the system has no such limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def cgroup_folders(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> Iterator[Path]:
    """Folders of this process's control group and of all above it; none without version 2 of cgroups(7)."""
    if not own.exists():
        return
    group = next((line.split("::", 1)[1] for line in own.read_text().splitlines() if "::" in line), "/")
    here = root / group.strip().lstrip("/")
    for folder in [here, *here.parents]:
        if folder.is_relative_to(root):
            yield folder


def throttled(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> tuple[int, int] | None:
    """Periods in which a CPU quota stopped one of our control groups, and periods in all; None without a quota."""
    worst: tuple[int, int] | None = None
    for folder in cgroup_folders(root, own):
        file = folder / "cpu.stat"
        counts = dict(line.split() for line in file.read_text().splitlines()) if file.exists() else {}
        if int(counts.get("nr_periods", 0)):
            stopped_and_all = int(counts["nr_throttled"]), int(counts["nr_periods"])
            worst = max(worst or stopped_and_all, stopped_and_all)
    return worst


def governors(root: Path = Path("/sys/devices/system/cpu")) -> dict[int, str]:
    """Name of what chooses the clock rate, by core; empty where the system does not show it."""
    files = root.glob("cpu[0-9]*/cpufreq/scaling_governor")
    return {int(file.parents[1].name.removeprefix("cpu")): file.read_text().strip() for file in sorted(files)}


def cpu_ticks(cores: AbstractSet[int] | None = None, stat: Path = Path("/proc/stat")) -> CpuTicks | None:
    """Ticks of these cores together (None: all); None where nobody counts them (proc_stat(5))."""
    busy = stolen = total = 0
    for line in stat.read_text().splitlines() if stat.exists() else []:
        name, *fields = line.split()
        if re.fullmatch(r"cpu\d+", name) and (cores is None or int(name[3:]) in cores):
            # user nice system idle iowait irq softirq steal; what follows is counted in user already.
            ticks = [int(field) for field in fields[:8]]
            total += sum(ticks)
            busy += sum(ticks) - ticks[3] - ticks[4]
            stolen += ticks[7] if len(ticks) > 7 else 0
    return CpuTicks(busy, stolen, total) if total else None


def memory_pressure(pressure: Path = Path("/proc/pressure/memory")) -> float | None:
    """Share of the last ten seconds in which some process waited for memory, 0 to 1; None where it is not kept."""
    match = re.search(r"^some avg10=([\d.]+)", pressure.read_text(), re.MULTILINE) if pressure.exists() else None
    return float(match[1]) / 100 if match else None


def virtualised(cpuinfo: Path = Path("/proc/cpuinfo"), hypervisor: Path = Path("/sys/hypervisor/type")) -> bool | None:
    """Whether the machine is a virtual one; None where neither the processor's flags nor the kernel tell."""
    if hypervisor.exists():
        return True
    match = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    return "hypervisor" in match[1].split() if match else None


def in_container(root: Path = Path("/")) -> bool | None:
    """Whether there are signs of a container; None where the system has none to show."""
    if not (root / "proc/self/cgroup").exists():
        return None
    first = root / "proc/1/cgroup"
    return any((root / name).exists() for name in _CONTAINER_FILES) or bool(
        os.access(first, os.R_OK) and _CONTAINER_WORDS.search(first.read_text())
    )


def libc() -> str | None:
    """Name and version of the C library; None when it does not tell."""
    if sys.platform == "darwin":
        return "libSystem"  # comes with the system, in whose release its version is
    name, version = platform.libc_ver()
    if name:
        return f"{name} {version}".strip()
    return "musl" if "musl" in str(sysconfig.get_config_var("HOST_GNU_TYPE")) else None


def python_build_flags(configured: str | None, compiled: str | None) -> list[str] | None:
    """What the interpreter was built with, as far as it changes its speed; None when the build does not tell.

    `configured` are the arguments of its configure script, `compiled` those of its compiler. Both are full of the
    builder's paths: only options on a list, with values that cannot be a path, are taken from them.
    """
    if configured is None and compiled is None:
        return None
    flags = [word for word in shlex.split(configured or "") if _OPTION.fullmatch(word)]
    last: dict[str, str] = {}  # of several -O the compiler takes the last
    for word in shlex.split(compiled or ""):
        if _COMPILER_OPTION.fullmatch(word):
            last[word[:2] if word.startswith("-O") else word.partition("=")[0]] = word
    return [*dict.fromkeys(flags), *last.values()]
