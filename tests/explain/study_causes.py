"""How often the main cause is the right one, on the workloads made for each: sessions on this machine, and a table.

    python tests/explain/study_causes.py --sessions 5 --models sequential,thread-pool,asyncio,process-pool-fork

It takes about a minute and a half for each session and four models. Run it with each interpreter; "unclear" is wrong.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from parabench.explain.explanation import Explanation, explain_session  # noqa: E402
from parabench.history.reader import read_session  # noqa: E402
from tests.explain.truth import KINDS, TRUTH, cause_of  # noqa: E402

MODELS = "sequential,thread-pool,asyncio-to-thread,asyncio,process-pool-fork,process-per-task"


def measured(folder: Path, sessions: int, models: str, workloads: str, *options: str) -> list[Path]:
    """The files of so many sessions; `options` are further ones of pytest."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "-q", "--passes", "1", "--results", str(folder)]
    for _ in range(sessions):
        command_here = [*command, "--workloads", workloads, "--models", models, *options]
        subprocess.run(command_here, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return sorted(folder.rglob("[0-9]*.json"))


def judged(files: list[Path]) -> list[tuple[Explanation, str, bool]]:
    """Each cell with a truth, that truth, and whether the main cause is it."""
    found = []
    for file in files:
        session = read_session(file)
        gil = session.fingerprint.get("gil_enabled") is not False
        for one in explain_session(session):
            truth = cause_of(one.workload, one.model, gil=gil)
            if truth is not None:
                found.append((one, truth, one.causes[0] == truth))
    return found


def table(found: list[tuple[Explanation, str, bool]]) -> str:
    """Right of all, by workload and model; beside it what was said instead."""
    models = [model for model in KINDS if any(one.model == model for one, _, _ in found)]
    rows = [["workload", *models]]
    for workload in TRUTH:
        of_workload = [cell for cell in found if cell[0].workload == workload]
        rows.append([workload, *(told([cell for cell in of_workload if cell[0].model == model]) for model in models)])
    return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]])


def told(cells: list[tuple[Explanation, str, bool]]) -> str:
    """The truth of some equal cells, how many were right, and what else was said."""
    if not cells:
        return ""
    wrong = Counter(one.causes[0] for one, _, right in cells if not right)
    said = ", ".join(f"{name} {count}" for name, count in wrong.most_common())
    return f"{cells[0][1]} {len(cells) - wrong.total()}/{len(cells)}" + (f" ({said})" if said else "")


def main() -> None:
    """Measure, or read what has been measured, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--workloads", default="cause-*")
    parser.add_argument("--results", type=Path)
    arguments = parser.parse_args()
    folder = arguments.results or Path(tempfile.mkdtemp())
    os.environ.pop("PARABENCH_RUN", None)
    found = judged(measured(folder, arguments.sessions, arguments.models, arguments.workloads))
    print(table(found))
    if found:
        right = sum(right for _, _, right in found)
        closes = sum(one.split.closes for one, _, _ in found)
        print(f"\nmain cause right in {right} of {len(found)} cells ({right / len(found):.0%})")
        print(f"the split closes within 10 % in {closes} of them ({closes / len(found):.0%})")


if __name__ == "__main__":
    main()
