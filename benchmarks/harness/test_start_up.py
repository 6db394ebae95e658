"""What having parabench installed costs tests that measure nothing: a collection with and without it, in turns."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Pairs; the first one fills the caches.
PAIRS = int(os.environ.get("PARABENCH_START_UP_PAIRS", "25"))
TESTS = "".join(f"def test_{number}():\n    assert {number} >= 0\n\n\n" for number in range(20))
#: What our own development environment has, and a user has not by us.
OTHERS = ["hypothesispytest", "anyio", "xdist", "xdist.looponfail", "valkey"]


def seconds_taken(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    before, start = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    blocked = [word for name in OTHERS for word in ("-p", f"no:{name}")]
    done = subprocess.run([*command, *blocked, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    after, end = os.times(), time.perf_counter()
    assert done.returncode == 0, done.stdout + done.stderr
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return end - start, cpu


@pytest.mark.harness
def test_start_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints the ratios of time and of processor time, with parabench / without; the goal is 1.05."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    (tmp_path / "test_plain.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    pairs = []
    for turn in range(PAIRS + 1):
        order = [(), ("-p", "no:parabench")]
        taken = {arguments: seconds_taken(tmp_path, *arguments) for arguments in (order if turn % 2 else order[::-1])}
        pairs.append([a / b for a, b in zip(taken[()], taken["-p", "no:parabench"], strict=True)])
    for what, ratios in zip(("time", "processor time"), zip(*pairs[1:], strict=True), strict=True):
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(
            f"\n{what}, with parabench / without: {middle:.3f} ({low:.3f} to {high:.3f}, half of {PAIRS} collections)"
        )
    assert len(pairs) == PAIRS + 1
