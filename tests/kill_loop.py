"""Kill sessions with SIGKILL at random moments, resume each, and count what was lost.

`python tests/kill_loop.py 200` is the long form.

Prints its figure and ends with status 1 when a finished visit is missing from the resumed session's file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASK = "import time\ndef mine(item):\n    time.sleep(0.002)\n    return item\n"
EXPERIMENT = "import pytest\n\n\n@pytest.mark.custom\ndef test_custom(cell):\n    cell.measure()\n"
COMMAND = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "benchmarks"]
PLAN = ["--models", "sequential,thread-pool,process-pool-fork", "--passes", "3", "--rounds", "2"]


def project(folder: Path) -> None:
    """A user's project with one workload."""
    for name, text in {
        "pytest.ini": "[pytest]\nparabench_short_options = true\n",
        "workloads/mine.py": TASK,
        "benchmarks/test_custom.py": EXPERIMENT,
    }.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def visits_in(journal: Path) -> dict[tuple[str, int], list[float]]:
    """Rounds of every visit that is whole in a journal, by cell and pass."""
    found = {}
    for text in journal.read_bytes().splitlines(keepends=True):
        if text.endswith(b"\n"):
            line = json.loads(text)
            if "visit" in line:
                found[line["cell"], line["visit"]["pass_number"]] = line["visit"]["seconds_per_round"]
    return found


def _journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/*/.session-*.journal"))


def one_session(folder: Path, source: random.Random) -> tuple[int, int, bool]:
    """Kill a session at a random moment and resume it: visits finished before, visits lost, whether it completed."""
    with subprocess.Popen(
        [*COMMAND, *PLAN], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        visits = source.randrange(9)  # of nine; by the clock, a busy machine would have none
        with contextlib.suppress(FileNotFoundError):  # it has ended while its journal was to be read
            while process.poll() is None and not any(len(visits_in(path)) >= visits for path in _journals(folder)):
                time.sleep(0.01)
        time.sleep(source.uniform(0.0, 0.2))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    journals = _journals(folder)
    if not journals:
        return 0, 0, True  # killed before its first visit, or after its end
    before = visits_in(journals[-1])
    resumed = subprocess.run([*COMMAND, "--resume"], cwd=folder, capture_output=True, text=True, check=False)
    stored = max(folder.glob("results/*/[0-9]*.json"), default=None)
    if resumed.returncode or stored is None:
        sys.stderr.write(resumed.stdout + resumed.stderr)
        return len(before), len(before), False
    kept = {benchmark["param"]: benchmark for benchmark in json.loads(stored.read_text())["benchmarks"]}
    lost = 0
    for (cell, number), seconds in before.items():
        rounds = kept[cell]["stats"]["data"] if cell in kept else []
        lost += rounds[2 * number : 2 * number + 2] != seconds
    complete = all(len(benchmark["stats"]["data"]) == 6 for benchmark in kept.values()) and len(kept) == 3
    return len(before), lost, complete


def main() -> int:
    """Run the loop and print its figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sessions", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = random.Random(arguments.seed)
    finished = lost = incomplete = resumed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        for _ in range(arguments.sessions):
            before, missing, complete = one_session(folder, source)
            finished, lost, resumed = finished + before, lost + missing, resumed + bool(before)
            incomplete += not complete
    print(
        f"{arguments.sessions} sessions killed, {resumed} of them with finished visits and resumed: "
        f"{finished} finished visits, {lost} lost, {incomplete} resumes incomplete (seed {arguments.seed})"
    )
    return 1 if lost or incomplete else 0


if __name__ == "__main__":
    sys.exit(main())
