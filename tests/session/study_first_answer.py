"""How long until it is clear what to use: a session of ours against plain pytest-benchmark, on the same candidates.

`python tests/session/study_first_answer.py` runs both in turns, `--repetitions` times. Plain: a file with one test for
each candidate, as its users write it, with the library's defaults; run again in a fresh process until the medians of
all runs settle what to use. Both are judged by the same rule (`Race`: at most 5 % slower than the best one for sure),
so the certainty is the same. Prints the seconds of whole processes, and the ratio with its interval. What is not
settled after `--most` seconds counts with these.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parabench.analyse.noise import priors_by_group, residual_variances
from parabench.analyse.race import Race
from parabench.analyse.student import t_quantile

ROOT = Path(__file__).parents[2]
MODELS = ("sequential", "thread-pool", "process-pool-fork", "mp-pool")
#: What a session makes of these models by default on two cores, as tests of the file below, and their families.
FAMILIES = {
    "sequential": "baseline",
    **{f"thread_pool[{workers}]": "threads" for workers in (1, 2, 4)},
    **{
        f"{pool}[{form}]": "processes"
        for pool in ("process_pool_fork", "mp_pool")
        for form in ("1-1", "2-1", "4-1", "2-auto")
    },
}
PLAIN = """
import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from parabench.session.discovery import find_workloads

WORKLOAD = find_workloads(Path({workloads!r}))[{name!r}]
work, items = WORKLOAD.task, WORKLOAD.items("small")
FORK = multiprocessing.get_context("fork")
forms = pytest.mark.parametrize(("workers", "chunk"), [(1, 1), (2, 1), (4, 1), (2, "auto")])

def test_sequential(benchmark):
    benchmark(lambda: [work(item) for item in items])

@pytest.mark.parametrize("workers", [1, 2, 4])
def test_thread_pool(benchmark, workers):
    with ThreadPoolExecutor(workers) as pool:
        benchmark(lambda: list(pool.map(work, items)))

@forms
def test_process_pool_fork(benchmark, workers, chunk):
    size = math.ceil(len(items) / (4 * workers)) if chunk == "auto" else 1
    with ProcessPoolExecutor(workers, mp_context=FORK) as pool:
        benchmark(lambda: list(pool.map(work, items, chunksize=size)))

@forms
def test_mp_pool(benchmark, workers, chunk):
    with FORK.Pool(workers) as pool:
        benchmark(lambda: pool.map(work, items, chunksize=None if chunk == "auto" else 1))
"""


def seconds_of_ours(folder: Path, workload: str, most: float) -> tuple[float, bool, str]:
    """Seconds of a whole session, whether it has settled what to use, and what that is."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "benchmarks", "--models", ",".join(MODELS), "-q"]
    choice = ["--workloads", workload, "--budget", str(most), "--no-report"]
    subprocess.run([*command, *choice, "--results", str(folder)], cwd=ROOT, capture_output=True, check=True)
    seconds = time.monotonic() - began
    [answer] = json.loads(max(folder.rglob("*.json")).read_text())["parabench"]["answers"]
    use = answer["use"]
    return seconds, answer["settled"], f"{use['model']} x{use['workers']}, chunk {use['chunk']}"


def seconds_of_plain(folder: Path, workload: str, most: float) -> tuple[float, bool, str]:
    """The same of plain runs, as many as it takes."""
    file, output = folder / "test_plain.py", folder / "plain.json"
    file.write_text(PLAIN.format(workloads=str(ROOT / "workloads"), name=workload))
    race = Race(FAMILIES)
    seconds: dict[str, dict[int, float]] = {name: {} for name in FAMILIES}
    began = time.monotonic()
    for run in range(1000):
        command = [sys.executable, "-m", "pytest", str(file), "-q", f"--benchmark-json={output}"]
        subprocess.run(command, cwd=folder, capture_output=True, check=True)
        for benchmark in json.loads(output.read_text())["benchmarks"]:
            name = benchmark["name"].removeprefix("test_")
            seconds[name][run] = benchmark["stats"]["median"]
        variances = residual_variances(seconds)
        priors = priors_by_group((FAMILIES[name], *variance) for name, variance in variances.items())
        race.look(seconds, run + 1, {name: priors[FAMILIES[name]] for name in FAMILIES if FAMILIES[name] in priors})
        if race.settled or time.monotonic() - began > most:
            break
    return time.monotonic() - began, race.settled, str(race.leader)


def main() -> None:
    """Run both in turns and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", default="hash-buffers")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--most", type=float, default=150.0, help="seconds after which a side is given up")
    arguments = parser.parse_args()
    logs = []
    for repetition in range(arguments.repetitions):
        took = {}
        for side in random.sample([seconds_of_ours, seconds_of_plain], 2):
            with tempfile.TemporaryDirectory() as folder:
                seconds, settled, leader = side(Path(folder), arguments.workload, arguments.most)
            took[side] = seconds
            state = "settled" if settled else "open"
            print(
                f"{repetition + 1} {side.__name__.removeprefix('seconds_of_'):5} {seconds:6.1f} s {state}: {leader}",
                flush=True,
            )
        logs.append(math.log(took[seconds_of_ours] / took[seconds_of_plain]))
    half = (
        t_quantile(0.95, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    )
    mean = statistics.fmean(logs)
    print(f"ours / plain {math.exp(mean):.2f} [{math.exp(mean - half):.2f}, {math.exp(mean + half):.2f}]")


if __name__ == "__main__":
    main()
