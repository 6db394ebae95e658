"""What a machine, an interpreter and an installation have for measuring, what they lack, and why."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.history.sessions import read_summaries
from parabench.machine.abilities import lacking
from parabench.machine.cores import cgroup_cores, cores_usable
from parabench.machine.gil import gil_enabled
from parabench.machine.readings import cores_by_affinity
from parabench.measure.energy import Packages
from parabench.measure.launcher import environment_of_cells
from parabench.measure.perf_counters import PerfCounters
from parabench.measure.preflight import checks_here, examine
from parabench.models import find_models
from parabench.session.discovery import find_workloads


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `well` is False where it spoils numbers, None where something is only not there."""

    what: str
    well: bool | None
    detail: str


def examination(workloads: Path, results: Path) -> list[Finding]:
    """Everything that `parabench doctor` looks at, in the order in which it is shown."""
    missing = lacking()
    measuring = Finding("measuring", not missing, f"needs {', '.join(missing)}" if missing else "is possible here")
    findings = [
        _interpreter(),
        measuring,
        _cores(),
        _timer(),
        _counters(),
        _energy(),
        *_models(),
        _workloads(workloads),
    ]
    return [*findings, _results(results), *_preflight(workloads)]


def _interpreter() -> Finding:
    gil = "with its GIL" if gil_enabled() else "without a GIL"
    version = importlib.metadata.version("parabench")
    description = f"{platform.python_implementation()} {platform.python_version()} {gil} on {platform.system()}"
    return Finding("interpreter", True, f"{description}, parabench {version}")


def _cores() -> Finding:
    allowed, quota = cores_by_affinity(), cgroup_cores()
    parts = [f"{cores_usable()} usable"]
    parts.append("affinity unknown" if allowed is None else f"affinity allows {allowed}")
    parts.append("no quota" if quota is None else f"a control group allows {quota:g}")
    return Finding("cores", True, ", ".join(parts))


def _timer() -> Finding:
    clock = time.get_clock_info("perf_counter")
    return Finding(
        "timer", clock.monotonic, f"perf_counter, steps of {clock.resolution * 1e9:.0f} ns, {clock.implementation}"
    )


def _counters() -> Finding:
    """What the processor and the kernel count of threads, as traced rounds have it."""
    if lacking():
        return Finding("perf counters", None, "not on this system")
    with PerfCounters([os.getpid()]) as counters:
        pass
    parts = [f"{', '.join(counters.counts)} are counted"] if counters.counts else []
    parts += [counters.reason] if counters.reason else []
    return Finding("perf counters", None if counters.reason else True, "; ".join(parts))


def _energy() -> Finding:
    reason = Packages().read().reason
    return Finding("joules", None if reason else True, reason or "counters of processor packages (RAPL)")


def _models() -> Iterable[Finding]:
    """How many are ready, and each reason why others are not, with their names."""
    ready, reasons = [], dict[str, list[str]]()
    for name, model in find_models().items():
        unavailable = model.availability()
        if unavailable is None:
            ready.append(name)
        else:
            reasons.setdefault(unavailable.install or unavailable.reason, []).append(name)
    yield Finding("models", True, f"{len(ready)} ready" + ("" if reasons else ", none missing"))
    for remedy, names in reasons.items():
        yield Finding("  not ready", None, f"{', '.join(names)}: {remedy}")


def _workloads(folder: Path) -> Finding:
    try:
        workloads = find_workloads(folder)
    except ParabenchError as error:
        return Finding("workloads", False, str(error))
    return Finding("workloads", bool(workloads) or None, f"{len(workloads)} in {folder}")


def _results(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("results", None, f"none yet: {folder} will be made")
    summaries = read_summaries(folder)
    free = shutil.disk_usage(folder).free / 2**30
    description = f"{len(summaries.sessions)} sessions in {folder}, {free:.0f} GiB free"
    if summaries.problems:
        description += f", {len(summaries.problems)} cannot be read"
    return Finding("results", not summaries.problems, description)


def _preflight(workloads: Path) -> Iterable[Finding]:
    """What would spoil numbers now; one finding that says so if nothing does."""
    if lacking():
        return
    concerns = examine(checks_here(cores_usable(), environment_of_cells([workloads.parent])))
    for concern in concerns:
        yield Finding(concern.check, False, concern.message)
    if not concerns:
        yield Finding("noise", True, "nothing that would spoil the numbers now")
