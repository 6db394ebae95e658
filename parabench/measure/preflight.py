"""Checks before measuring: what about this machine or interpreter would spoil the numbers, in one line each.

Every check is told where it reads from, so that both of its answers can be had on any machine. A check that finds
nothing wrong, or nothing to look at, says nothing.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from parabench.errors import spelled
from parabench.machine import readings as machine
from parabench.machine.readings import CpuTicks
from parabench.measure.watchers import COVERAGE_VARIABLES, Watched, probe
from parabench.records import Concern

try:
    import psutil
except ImportError:  # PyPy without a C compiler: what only psutil knows is then not looked at
    psutil = None  # type: ignore[assignment]

#: The load is watched for so long; the kernel counts in ticks of 10 ms.
LOAD_SECONDS = 0.2
#: More than this of the usable cores busy with something else shows in every number.
SHARE_BUSY_MOST = 0.1
#: Times of small batches are tens of microseconds: a coarser step is 5 % of them and more.
STEP_SECONDS_MOST = 2e-6
#: A cell with some workers takes up to 200 MiB; less than twice that begins to evict what others need.
BYTES_AVAILABLE_LEAST = 512 << 20
SHARE_PRESSURE_MOST = 0.01
_CLOCK_READINGS = 200_000


class Check(Protocol):
    """One thing that can be wrong."""

    @property
    def name(self) -> str:
        """What is looked at, in one word; stored with the message."""
        ...

    def check(self) -> str | None:
        """What is wrong and what to do about it; None when nothing is."""
        ...


@dataclass(frozen=True)
class Load:
    """Something else keeps the cores busy. Nothing of ours runs while this looks: it sleeps."""

    cores: int
    read: Callable[[], CpuTicks | None] = machine.cpu_ticks
    wait: Callable[[], None] = lambda: time.sleep(LOAD_SECONDS)
    average: Callable[[], float] = lambda: os.getloadavg()[0]
    name: str = "load"

    def check(self) -> str | None:
        """The share of busy time over a moment; where the kernel does not count it, the load average of a minute."""
        remedy = "end other programs, or expect wide intervals"
        before = self.read()
        if before is None:
            average = self.average()
            if average <= SHARE_BUSY_MOST * self.cores:
                return None
            return f"the load average is {average:.1f} with {self.cores} cores to measure on: {remedy}"
        self.wait()
        after = self.read()
        assert after is not None, "a kernel that counts does not stop counting"
        ticks = max(1, after.total - before.total)
        busy, stolen = (after.busy - before.busy) / ticks, (after.stolen - before.stolen) / ticks
        if busy <= SHARE_BUSY_MOST:
            return None
        taken = f" ({stolen:.0%} taken by other virtual machines)" if stolen > SHARE_BUSY_MOST / 2 else ""
        return f"{busy:.0%} of the usable cores is busy with something else{taken}: {remedy}"


@dataclass(frozen=True)
class Tracer:
    """A tracer, a profiler or a debug mode in the processes that are measured."""

    look: Callable[[], Watched]
    environment: Mapping[str, str]
    name: str = "tracer"

    def check(self) -> str | None:
        """What an interpreter started as cells are is born with."""
        watched = self.look()
        everything = [*watched.watchers, *watched.debug_modes]
        if not everything:
            return None
        started_by = [name for name in COVERAGE_VARIABLES if name in self.environment] if watched.watchers else []
        by = f", by {' and '.join(started_by)}" if started_by else ""
        return f"every measured process starts with {', '.join(everything)}{by}: switch it off while measuring"


@dataclass(frozen=True)
class DebugBuild:
    """An interpreter that checks itself, several times slower than a release build."""

    is_debug: Callable[[], bool] = lambda: (
        hasattr(sys, "gettotalrefcount") or bool(sysconfig.get_config_var("Py_DEBUG"))
    )
    name: str = "debug-build"

    def check(self) -> str | None:
        """Whether this interpreter, which is also that of the cells, is a debug build."""
        return "this interpreter is a debug build: measure with a release build" if self.is_debug() else None


@dataclass(frozen=True)
class Timer:
    """A clock too coarse for batches of microseconds."""

    resolution_seconds: Callable[[], float] = lambda: time.get_clock_info("perf_counter").resolution
    read: Callable[[], float] = time.perf_counter
    name: str = "timer"

    def check(self) -> str | None:
        """The step that the clock claims, and the smallest one it has been seen to take."""
        step = max(self.resolution_seconds(), self._smallest_step())
        if step <= STEP_SECONDS_MOST:
            return None
        return f"the clock moves in steps of {step * 1e6:.0f} us: compare long batches only ({spelled('--size')} large)"

    def _smallest_step(self) -> float:
        steps: list[float] = []
        last = self.read()
        for _ in range(_CLOCK_READINGS):
            now = self.read()
            if now != last:
                steps.append(now - last)
                last = now
            if len(steps) == 20:
                break
        return min(steps, default=0.0)


@dataclass(frozen=True)
class Governor:
    """Clock rates that follow the load: the first rounds of a batch run slower than the later ones."""

    read: Callable[[], Mapping[int, str]] = machine.governors
    name: str = "governor"

    def check(self) -> str | None:
        """The governors of all cores; nothing where the system does not show them, as in most virtual machines."""
        others = sorted({governor for governor in self.read().values() if governor != "performance"})
        if not others:
            return None
        return f"the CPU frequency governor is {', '.join(others)}: 'cpupower frequency-set -g performance' steadies it"


@dataclass(frozen=True)
class Memory:
    """So little memory that pages are evicted, or waited for."""

    bytes_available: Callable[[], int | None]
    pressure: Callable[[], float | None] = machine.memory_pressure
    name: str = "memory"

    def check(self) -> str | None:
        """What is available without swapping, and what others wait for already."""
        available, pressure = self.bytes_available(), self.pressure()
        if available is not None and available < BYTES_AVAILABLE_LEAST:
            return f"only {available >> 20} MiB of memory are available: end other programs"
        if pressure is not None and pressure > SHARE_PRESSURE_MOST:
            return f"processes have waited for memory {pressure:.0%} of the last 10 s: end other programs"
        return None


@dataclass(frozen=True)
class Battery:
    """A machine that saves energy."""

    on_battery: Callable[[], bool | None]
    name: str = "battery"

    def check(self) -> str | None:
        """Whether it runs on its battery; nothing where it has none."""
        return "the machine runs on its battery, and may slow down: plug it in" if self.on_battery() else None


@dataclass(frozen=True)
class Throttling:
    """A CPU quota that stops the whole control group until its next period begins."""

    read: Callable[[], tuple[int, int] | None] = machine.throttled
    name: str = "throttling"

    def check(self) -> str | None:
        """Whether the quota has stopped the group before."""
        throttled = self.read()
        if throttled is None or throttled[0] == 0:
            return None
        stopped, periods = throttled
        return f"a CPU quota has stopped this control group in {stopped} of {periods} periods: raise or remove it"


def checks_here(cores: int, environment: Mapping[str, str]) -> list[Check]:
    """All checks of this machine, for cells that are started with this environment."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return [
        Load(cores, lambda: machine.cpu_ticks(allowed)),
        Tracer(lambda: probe(environment), environment),
        DebugBuild(),
        Timer(),
        Governor(),
        Memory(_bytes_available),
        Battery(_on_battery),
        Throttling(),
    ]


def examine(checks: Iterable[Check]) -> list[Concern]:
    """What the checks have to say. One that could not look says that: unknown is not well."""
    concerns = []
    for check in checks:
        try:
            message = check.check()
        except Exception as error:
            message = f"this could not be checked: {type(error).__name__}: {error}"
        if message is not None:
            concerns.append(Concern(check.name, message))
    return concerns


def _bytes_available() -> int | None:
    return None if psutil is None else int(psutil.virtual_memory().available)


def _on_battery() -> bool | None:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None  # not on every system
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged
