"""Thousands of sessions: `parabench compare` against `pytest-benchmark compare` on the same files, in one run.

`python tests/history/study_scale.py` makes 1,000 sessions of 100 benchmarks (`10000 --benchmarks 20` makes others) in a
temporary folder, and runs both in turns, `--rounds` times, each time in a fresh process: ours without anything kept
from before, and again with it. `--kind` makes files with dates of other writers, with dates that are none, or of the
first format. Prints seconds of whole processes (wall clock, and of all cores), the peak memory of the largest one, and
ratios of medians.
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
ROUNDS = 15
KINDS = ("ours", "other-dates", "invalid-dates", "format-1")
BIN = Path(sys.executable).parent


def sessions(folder: Path, number: int, benchmarks: int, kind: str) -> int:
    """Write sessions that look like real ones; returns their size in bytes."""
    source = random.Random(1)
    content = json.loads(SAMPLE.read_text())
    [template] = [b for b in content["benchmarks"] if b["extra_info"].get("model") == "thread-pool"]
    content["parabench"] |= {"noisy": False, "tags": [], "warnings": [], "failed": [], "run": None}
    content |= {"other-dates": {"datetime": "20261123T101500Z"}, "invalid-dates": {"datetime": "Mon 23"}}.get(kind, {})
    if kind == "format-1":
        content["parabench"] |= {"format": 1, "options": {"latency": 0.005, "workers": []}}
        template["extra_info"].pop("workers_named")
    target = folder / content["parabench"]["machine_id"]
    target.mkdir(parents=True)
    size = 0
    for session in range(number):
        content["commit_info"]["id"] = f"{session // 10:040x}"
        content["benchmarks"] = [benchmark(template, place, source) for place in range(benchmarks)]
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


def timed(command: list[str | Path], environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds, those of all cores together, and MB at the peak of one whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sessions", type=int, nargs="?", default=1000)
    parser.add_argument("--benchmarks", type=int, default=100)
    parser.add_argument("--kind", choices=KINDS, default="ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-stock", action="store_true", help="Leave pytest-benchmark out (it takes minutes).")
    given = parser.parse_args()
    half = given.sessions // 2
    with tempfile.TemporaryDirectory() as folder:
        results, kept = Path(folder) / "results", Path(folder) / "kept"
        size = sessions(results, given.sessions, given.benchmarks, given.kind)
        environment = {**os.environ, "XDG_CACHE_HOME": str(kept)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as on other machines
        ours = [BIN / "parabench", "compare", f"1-{half}", f"{half + 1}-{given.sessions}", "--results", results]
        stock = [BIN / "pytest-benchmark", "--storage", results, "compare"]
        found: dict[str, list[tuple[float, float, float]]] = {"pytest-benchmark compare": [], "cold": [], "cached": []}
        for _ in range(given.rounds):
            if not given.without_stock:
                found["pytest-benchmark compare"].append(timed(stock, environment))
            shutil.rmtree(kept, ignore_errors=True)
            found["cold"].append(timed(ours, environment))
            found["cached"].append(timed(ours, environment))
        told = f"{given.sessions} sessions of {given.benchmarks} benchmarks ({given.kind}), {size / 1e6:.0f} MB"
        print(f"{told}, n = {given.rounds}")
        stocks = list(zip(*found["pytest-benchmark compare"], strict=True))
        for name, figures in found.items():
            if figures:
                wall, cores, memory = zip(*figures, strict=True)
                ratios = [
                    statistics.median(s) / statistics.median(o) for s, o in zip(stocks, (wall, cores), strict=False)
                ]
                spread = f"({min(wall):.2f} to {max(wall):.2f})"
                print(
                    f"{name:26} {statistics.median(wall):7.2f} s {spread:18} {statistics.median(cores):7.2f} s of cores"
                    f" {max(memory):6.0f} MB  {' and '.join(f'{ratio:.1f}x' for ratio in ratios)}"
                )


if __name__ == "__main__":
    main()
