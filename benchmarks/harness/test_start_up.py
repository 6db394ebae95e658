"""What having parabench installed costs tests that measure nothing: collections with and without it, in turns."""

import importlib.metadata
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Turns, each with one collection of every sort; one more before them fills the caches.
TURNS = int(os.environ.get("PARABENCH_START_UP_TURNS", "25"))
TESTS = "".join(f"def test_{number}():\n    assert {number} >= 0\n\n\n" for number in range(20))
#: Plugins of pytest that libraries of the extras bring along: a user of `parabench[all]` has them by us, a user of the
#: bare package has not. docs/workloads.md says which extra brings which.
OF_EXTRAS = ("anyio", "platformdirs", "valkey")
#: All that the environment of a developer has besides is blocked everywhere: no user has it by us.
TOOLS = {one.name for one in importlib.metadata.entry_points(group="pytest11")} - {"parabench", "benchmark", *OF_EXTRAS}
#: Sorts of collections by the plugins that they are without.
WITHOUT = {
    "all": (),
    "all but parabench": ("parabench",),
    "all but parabench and pytest-benchmark": ("parabench", "benchmark"),
    "none": ("parabench", "benchmark", *OF_EXTRAS),
    "the bare package": OF_EXTRAS,
    "pytest-benchmark": ("parabench", *OF_EXTRAS),
}
RATIOS = [
    ("the bare package", "pytest-benchmark"),
    ("all", "all but parabench"),
    ("all", "all but parabench and pytest-benchmark"),
    ("the bare package", "none"),
    ("all", "none"),
]


def taken(folder: Path, without: tuple[str, ...]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    before, start = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    blocked = [word for name in (*sorted(TOOLS), *without) for word in ("-p", f"no:{name}")]
    done = subprocess.run([*command, *blocked], cwd=folder, capture_output=True, text=True, check=False)
    after, end = os.times(), time.perf_counter()
    assert done.returncode == 0, done.stdout + done.stderr
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return end - start, cpu


def median_with_interval(values: list[float]) -> tuple[float, float, float]:
    """The median, and two of the values that hold that of all such values between them, in at least 95 % of cases."""
    count, ranked = len(values), sorted(values)
    outside, place = 0.0, 0
    while (outside := outside + 2 * math.comb(count, place) / 2**count) <= 0.05:
        place += 1
    return statistics.median(ranked), ranked[max(0, place - 1)], ranked[min(count - 1, count - place)]


@pytest.mark.harness
def test_start_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints the ratios of time and of processor time; the goal for parabench itself is 1.05."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    (tmp_path / "test_plain.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    names, turns = list(WITHOUT), []
    for turn in range(TURNS + 1):
        order = names[turn % len(names) :] + names[: turn % len(names)]
        if turn % 2:
            order.reverse()
        turns.append({name: taken(tmp_path, WITHOUT[name]) for name in order})
    for number, what in enumerate(("time", "processor time")):
        for more, less in RATIOS:
            ratios = [turn[more][number] / turn[less][number] for turn in turns[1:]]
            middle, low, high = median_with_interval(ratios)
            print(f"\n{what}, {more} / {less}: {middle:.3f} [{low:.3f}, {high:.3f}], n = {TURNS}", end="")
    assert len(turns) == TURNS + 1
