"""Thousands of sessions: `parabench compare` against `pytest-benchmark compare` on the same files, in one run.

`python tests/history/study_scale.py` makes 1,000 sessions of 100 benchmarks (another number as argument, and
`--rounds` repetitions) in a temporary folder, and runs both in turns, each time in a fresh process: ours without
anything kept from before, and again with it. Prints seconds and peak memory of whole processes, and ratios of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parent / "samples" / "parabench_2.json"
BENCHMARKS, ROUNDS = 100, 15
BIN = Path(sys.executable).parent


def sessions(folder: Path, number: int) -> int:
    """Write sessions that look like real ones; returns their size in bytes."""
    source = random.Random(1)
    content = json.loads(SAMPLE.read_text())
    [template] = [b for b in content["benchmarks"] if b["extra_info"].get("model") == "thread-pool"]
    content["parabench"] |= {"noisy": False, "tags": [], "warnings": [], "failed": [], "run": None}
    target = folder / content["parabench"]["machine_id"]
    target.mkdir(parents=True)
    size = 0
    for session in range(number):
        content["commit_info"]["id"] = f"{session // 10:040x}"
        content["benchmarks"] = [benchmark(template, place, source) for place in range(BENCHMARKS)]
        file = target / f"{session + 1:04}_made.json"
        size += file.write_text(json.dumps(content, indent=4))
    return size


def benchmark(template: dict[str, Any], place: int, source: random.Random) -> dict[str, Any]:
    """One cell with fifteen rounds in five passes."""
    level = (1 + place) * 1e-3 * 2 ** source.gauss(0, 0.05)
    data = [level * (1 + 0.01 * source.random()) for _ in range(ROUNDS)]
    stats = template["stats"] | {
        "data": data,
        "rounds": ROUNDS,
        "min": min(data),
        "max": max(data),
        "mean": statistics.fmean(data),
        "median": statistics.median(data),
    }
    visit = template["extra_info"]["passes"][0]
    extra_info = template["extra_info"] | {
        "passes": [visit | {"pass": n, "rounds": 3} for n in range(5)],
        "seconds_per_round": statistics.median(statistics.median(data[3 * n : 3 * n + 3]) for n in range(5)),
    }
    name = f"test_all[cell-{place}]"
    fullname = f"benchmarks/test_all.py::{name}"
    return template | {
        "name": name,
        "fullname": fullname,
        "stats": stats,
        "extra_info": extra_info,
        "param": str(place),
    }


def timed(command: list[str | Path], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and MB at the peak of one whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sessions", type=int, nargs="?", default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-stock", action="store_true", help="Leave pytest-benchmark out (it takes minutes).")
    given = parser.parse_args()
    half = given.sessions // 2
    with tempfile.TemporaryDirectory() as folder:
        results, kept = Path(folder) / "results", Path(folder) / "kept"
        size = sessions(results, given.sessions)
        environment = {**os.environ, "XDG_CACHE_HOME": str(kept)}
        ours = [BIN / "parabench", "compare", f"1-{half}", f"{half + 1}-{given.sessions}", "--results", results]
        stock = [BIN / "pytest-benchmark", "--storage", results, "compare"]
        found: dict[str, list[tuple[float, float]]] = {"pytest-benchmark compare": [], "cold": [], "cached": []}
        for _ in range(given.rounds):
            if not given.without_stock:
                found["pytest-benchmark compare"].append(timed(stock, environment))
            shutil.rmtree(kept, ignore_errors=True)
            found["cold"].append(timed(ours, environment))
            found["cached"].append(timed(ours, environment))
        medians = {name: statistics.median(s for s, _ in figures) for name, figures in found.items() if figures}
        print(f"{given.sessions} sessions of {BENCHMARKS} benchmarks, {size / 1e6:.0f} MB, n = {given.rounds}")
        for name, figures in found.items():
            if figures:
                seconds = [s for s, _ in figures]
                ratio = medians.get("pytest-benchmark compare", float("nan")) / medians[name]
                spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
                print(
                    f"{name:26} {medians[name]:7.2f} s ({spread}) {max(m for _, m in figures):6.0f} MB  {ratio:6.1f}x"
                )


if __name__ == "__main__":
    main()
