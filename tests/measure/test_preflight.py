"""Each check on machines that are as they should be, and on machines that are not."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from parabench.errors import ProbeFailed
from parabench.machine.readings import CpuTicks, cpu_ticks, governors, memory_pressure, throttled
from parabench.measure import preflight
from parabench.measure.launcher import environment_of_cells
from parabench.measure.preflight import (
    Battery,
    DebugBuild,
    Governor,
    Load,
    Memory,
    Throttling,
    Timer,
    Tracer,
    checks_here,
    examine,
)
from parabench.measure.watchers import Watched, probe
from parabench.records import Concern

GIB = 1 << 30


class Plugged(NamedTuple):
    power_plugged: bool | None


def load(*readings, cores=2, average=0.0):
    return Load(cores, iter(readings).__next__, lambda: None, lambda: average).check()


def test_idle_cores_say_nothing():
    assert load(CpuTicks(100, 0, 1000), CpuTicks(104, 0, 1040)) is None


def test_busy_cores_are_told_with_their_share_and_what_was_stolen():
    assert load(CpuTicks(100, 0, 1000), CpuTicks(109, 0, 1040)).startswith("22% of the usable cores is busy")
    said = load(CpuTicks(100, 0, 1000), CpuTicks(120, 10, 1040))
    assert said.startswith("50% of the usable cores is busy with something else (25% taken by other virtual machines)")


def test_without_ticks_the_load_average_stands_in():
    assert load(None, average=0.1) is None
    assert load(None, average=1.5).startswith("the load average is 1.5 with 2 cores to measure on")


def test_ticks_are_those_of_the_cores_asked_for(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu 1 1 1 1\ncpu0 10 0 5 80 5 0 0 2 9 9\ncpu1 1 1 1 7 0 0 0 0 0 0\ncpu12 9 9 9 9 9 9 9 9\n")
    assert cpu_ticks({0}, stat) == CpuTicks(17, 2, 102)
    assert cpu_ticks({0, 1}, stat) == CpuTicks(20, 2, 112)
    assert cpu_ticks({7}, stat) is None
    assert cpu_ticks(None, tmp_path / "none") is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="needs Linux")
def test_a_process_that_burns_a_core_is_seen():
    core = min(os.sched_getaffinity(0))
    burn = f"import os; os.sched_setaffinity(0, {{{core}}}); print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", burn], stdout=subprocess.PIPE) as burning:
        burning.stdout.readline()
        said = Load(1, lambda: cpu_ticks({core})).check()
        burning.kill()
    print(said)
    assert "of the usable cores is busy with something else" in said


@pytest.mark.parametrize(
    ("found", "environment", "said"),
    [
        (Watched((), ()), {}, None),
        (Watched((), ()), {"COVERAGE_PROCESS_START": "/home/me/.coveragerc", "COVERAGE_RUN": "true"}, None),
        (Watched(("tracer coverage.CTracer",), ()), {}, "every measured process starts with tracer coverage.CTracer: "),
        (
            Watched(("tracer coverage.CTracer",), ("development mode (PYTHONDEVMODE)",)),
            {"COVERAGE_PROCESS_START": "/home/me/.coveragerc"},
            (
                "every measured process starts with tracer coverage.CTracer, development mode (PYTHONDEVMODE), "
                "by COVERAGE_PROCESS_START: "
            ),
        ),
    ],
)
def test_tracers_are_told_and_how_they_come_in_without_values(found, environment, said):
    message = Tracer(lambda: found, environment).check()
    assert message == said or message.startswith(said)
    assert "/home/me" not in str(message)


def born_with(tmp_path, sitecustomize="", **variables):
    (tmp_path / "sitecustomize.py").write_text(sitecustomize)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    return probe({**clean, "PYTHONPATH": str(tmp_path), **variables})


def test_an_interpreter_that_nobody_watches(tmp_path):
    assert born_with(tmp_path) == Watched((), ())


@pytest.mark.parametrize(
    ("customised", "watchers"),
    [
        ("import sys\ndef trace(*event): pass\nsys.settrace(trace)", ("tracer sitecustomize.trace",)),
        ("import sys\nprint('hello')\nsys.setprofile(lambda *e: None)", ("profiler sitecustomize.<lambda>",)),
        ("import cProfile\ncProfile.Profile().enable()", None),
        pytest.param(
            "import sys\nsys.monitoring.use_tool_id(1, 'coverage')",
            ("monitoring tool coverage",),
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12"),
        ),
    ],
)
def test_what_starts_with_every_interpreter_is_found(tmp_path, customised, watchers):
    found = born_with(tmp_path, customised)
    assert found.watchers == watchers or (watchers is None and len(found.watchers) == 1), found


def test_what_comes_by_the_environment_is_found(tmp_path):
    assert born_with(tmp_path, PYTHONTRACEMALLOC="1").watchers == ("tracemalloc",)
    assert born_with(tmp_path, PYTHONMALLOC="debug").debug_modes == ("debug hooks of the allocator (PYTHONMALLOC)",)
    assert born_with(tmp_path, PYTHONDEVMODE="1").debug_modes == ("development mode (PYTHONDEVMODE)",)


def test_a_tracer_of_this_process_alone_does_not_reach_the_cells(tmp_path):
    before = sys.gettrace()
    sys.settrace(lambda *event: None)
    try:
        assert born_with(tmp_path) == Watched((), ())
    finally:
        sys.settrace(before)


def test_an_interpreter_that_does_not_start_is_a_concern_of_its_own(tmp_path):
    broken = "import os; os._exit(3)"
    with pytest.raises(ProbeFailed, match="exit status 3"):
        born_with(tmp_path, broken)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    [concern] = examine([Tracer(lambda: probe(environment), environment)])
    assert concern.check == "tracer"
    assert concern.message.startswith("this could not be checked: ProbeFailed: ")


def test_debug_builds_are_told():
    assert DebugBuild(lambda: False).check() is None
    assert DebugBuild(lambda: True).check().startswith("this interpreter is a debug build")
    assert (DebugBuild().check() is not None) == hasattr(sys, "gettotalrefcount")


def clock(step, reads_per_step=1):
    ticks = itertools.count()
    return lambda: next(ticks) // reads_per_step * step


@pytest.mark.parametrize(
    ("resolution", "read", "said"),
    [
        (1e-9, clock(4e-8), None),
        (1e-9, clock(1e-6, 20), None),
        (1e-9, clock(0.015625, 500), "steps of 15625 us"),
        (1e-3, clock(1e-7), "steps of 1000 us"),
        (1e-9, clock(0), None),
    ],
)
def test_a_coarse_timer_is_told_by_what_it_claims_or_does(resolution, read, said):
    message = Timer(lambda: resolution, read).check()
    assert message is None if said is None else said in message


def test_the_timer_of_this_machine_has_a_step():
    timer = Timer()
    step = timer._smallest_step()
    print(f"perf_counter: smallest step seen {step * 1e9:.0f} ns, resolution {timer.resolution_seconds() * 1e9:.0f} ns")
    assert 0 < step < 1


def test_governors_are_read_by_core_and_told_unless_all_are_performance(tmp_path):
    for core, governor in enumerate(["performance", "powersave"]):
        folder = tmp_path / f"cpu{core}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
    assert governors(tmp_path) == {0: "performance", 1: "powersave"}
    assert Governor(lambda: governors(tmp_path)).check().startswith("the CPU frequency governor is powersave: ")
    assert Governor(lambda: {0: "performance"}).check() is None
    assert Governor(lambda: governors(tmp_path / "none")).check() is None


@pytest.mark.parametrize(
    ("available", "pressure", "said"),
    [
        (8 * GIB, 0.0, None),
        (None, None, None),
        (100 << 20, 0.0, "only 100 MiB of memory are available"),
        (8 * GIB, 0.2, "processes have waited for memory 20% of the last 10 s"),
    ],
)
def test_little_memory_and_swapping_are_told(available, pressure, said):
    message = Memory(lambda: available, lambda: pressure).check()
    assert message is None if said is None else message.startswith(said)


def test_pressure_is_a_share(tmp_path):
    kept = tmp_path / "memory"
    kept.write_text("some avg10=2.50 avg60=1.00 avg300=0.10 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
    assert memory_pressure(kept) == 0.025
    assert memory_pressure(tmp_path / "none") is None


@pytest.mark.parametrize(("plugged", "told"), [(None, False), (True, False), (False, True)])
def test_a_battery_is_told_only_when_it_is_what_the_machine_runs_on(monkeypatch, plugged, told):
    monkeypatch.setattr(psutil, "sensors_battery", lambda: Plugged(plugged), raising=False)
    assert (Battery(preflight._on_battery).check() is not None) is told
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert Battery(preflight._on_battery).check() is None
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert Battery(preflight._on_battery).check() is None
    monkeypatch.setattr(preflight, "psutil", None)
    assert Battery(preflight._on_battery).check() is None
    assert preflight._bytes_available() is None


def test_a_quota_that_has_stopped_the_group_is_told(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    (tmp_path / "a" / "b" / "cpu.stat").write_text("usage_usec 5\nnr_periods 9\nnr_throttled 0\n")
    assert Throttling(lambda: throttled(tmp_path, own)).check() is None
    (tmp_path / "a" / "cpu.stat").write_text("usage_usec 5\nnr_periods 100\nnr_throttled 12\n")
    assert "in 12 of 100 periods" in Throttling(lambda: throttled(tmp_path, own)).check()
    own.write_text("0::/\n")
    assert throttled(tmp_path, own) is None


def test_a_check_that_cannot_look_says_so():
    def refuse():
        raise PermissionError(13, "Permission denied")

    assert examine([Governor(refuse), DebugBuild(lambda: False)]) == [
        Concern("governor", "this could not be checked: PermissionError: [Errno 13] Permission denied")
    ]


def test_all_checks_look_at_this_machine_without_trouble():
    concerns = examine(checks_here(2, environment_of_cells([])))
    print(concerns)
    assert [concern for concern in concerns if "could not be checked" in concern.message] == []
