"""How many cores a process may use at once: what the machine has, less what this process is not allowed."""

from __future__ import annotations

import math
import os
from pathlib import Path

from parabench.machine.readings import cgroup_folders, cores_by_affinity


def cores_usable() -> int:
    """Cores this process may use at once: CPU affinity and cgroup CPU quota respected, at least 1."""
    allowed = cores_by_affinity() or os.cpu_count() or 1
    quota = cgroup_cores()
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def cgroup_cores(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """CPU quota of this process's control group or any above it, in cores; None without one (cgroups(7), cpu.max)."""
    quotas: list[float] = []
    for folder in cgroup_folders(root, own):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
        except (OSError, ValueError):
            continue
        if quota != "max":
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)
