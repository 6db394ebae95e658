"""Real races of one model under two names: is one of them ever called the only best one?

`python tests/session/study_identical.py --races 10` copies parabench, adds a twin of a model to the copy, and runs so
many races of both in fresh processes. It prints how each ended: "equal", "open", or "alone", which should not happen.
It needs a machine on which nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TWIN = "twin"
#: A second file for the same model.
MODEL = """
import dataclasses

from parabench.models.{module} import MODEL as TWIN_OF

MODEL = dataclasses.replace(TWIN_OF, name="{twin}")
"""


def project(folder: Path, module: str) -> None:
    """A project with our workloads, and parabench with one more model beside them."""
    shutil.copytree(ROOT / "parabench", folder / "parabench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "workloads", folder / "workloads", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pytest.ini", folder)
    (folder / "parabench" / "models" / f"{module}_twin.py").write_text(MODEL.format(module=module, twin=TWIN))


def answer(folder: Path, given: argparse.Namespace, race: int) -> dict[str, Any]:
    """What one race says."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "-q", "--no-report", "--chunks", "1", "--workers", "2"]
    what = ["--workloads", given.workload, "--models", f"{given.model},{TWIN}", "--budget", str(given.budget)]
    results = folder / f"results-{race}"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, *what, "--results", str(results)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    [told] = json.loads(next(results.rglob("0*.json")).read_text())["parabench"]["answers"]
    return dict(told)


def main() -> None:
    """Run the races and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--races", type=int, default=10)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds a race")
    parser.add_argument("--workload", default="hash-buffers")
    parser.add_argument("--model", default="thread-pool")
    given = parser.parse_args()
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, given.model.replace("-", "_"))
        for race in range(given.races):
            told = answer(folder, given, race)
            both = {told["use"]["model"], *(choice["model"] for choice in told["equals"])} >= {given.model, TWIN}
            end = "open" if not told["settled"] else "equal" if both else "alone"
            ends[end] += 1
            print(f"{race + 1} {end}: {told['use']['model']}; {told['reason']}", flush=True)
    print(", ".join(f"{number} {end}" for end, number in ends.items()))


if __name__ == "__main__":
    main()
