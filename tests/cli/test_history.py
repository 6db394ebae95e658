"""`parabench history` over made-up sessions."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty sessions, two a commit; a cell gets 30 % slower at commit 10; the last thirty have another source."""
    folder = tmp_path_factory.mktemp("results")
    content = json.loads(SAMPLE.read_text())
    target = folder / content["parabench"]["machine_id"]
    target.mkdir()
    source = random.Random(1)
    cells = [b for b in content["benchmarks"] if b["extra_info"].get("workload")]
    for number in range(40):
        content["commit_info"]["id"] = f"c0ffee{number // 2:034x}"
        content["datetime"] = f"2026-10-{1 + number // 2:02}T{number % 2:02}:00:00+00:00"
        for cell in cells:
            slow = 1.3 if cell["extra_info"]["model"] == "thread-pool" and number >= 20 else 1.0
            seconds = 0.01 * slow * 2 ** source.gauss(0, 0.03)
            cell["stats"] |= dict.fromkeys(("min", "max", "mean", "median"), seconds) | {"data": [seconds], "rounds": 1}
            visit = cell["extra_info"]["passes"][0] | {"pass": 0, "rounds": 1}
            cell["extra_info"] |= {"passes": [visit], "seconds_per_round": seconds}
            cell["extra_info"] |= {"seconds_cpu": 2 * seconds, "joules_per_round": None}
            cell["extra_info"]["source_hash"] = "old" if number < 10 else "new"
        content["benchmarks"] = cells
        (target / f"{number + 1:04}_made.json").write_text(json.dumps(content))
    return folder


def history(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "parabench"), "history", "--results", str(results), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONIOENCODING": "utf-8"})


def test_every_cell_has_a_line_that_says_since_when(results: Path) -> None:
    answer = history(results)
    assert answer.returncode == 0, answer.stderr
    by_cell = {line.split()[0]: line for line in answer.stdout.splitlines()}
    assert "no change found" in by_cell["double-sequential"]
    changed = by_cell["double-thread-pool"]
    assert "x slower [1." in changed
    assert "between c0ffee0000 of 2026-10-10 and c0ffee0000 of 2026-10-11" in changed
    assert "n = 30" in changed


def test_other_metrics_have_histories_too(results: Path) -> None:
    [told] = json.loads(history(results, "double-thread-pool", "--metric", "cpu", "--format", "json").stdout)[
        "histories"
    ]
    [change] = told["changes"]
    assert (told["metric"], 1.1 < change["ratio"] < 1.5) == ("cpu", True)
    assert 0.015 < told["sessions"][0]["seconds"] < 0.025
    memory = history(results, "double-thread-pool", "--metric", "memory").stdout
    assert "24.2 MB [24.2 MB, 24.2 MB], 30 sessions from" in memory
    joules = history(results, "--metric", "joules")
    assert joules.returncode == 2
    assert "none of 40 sessions has joules of any cell: their files say why beside `joules_per_round`" in joules.stderr


def test_a_cell_has_its_levels_and_what_was_left_out(results: Path) -> None:
    told = history(results, "*-thread-pool").stdout
    assert told.count(" sessions from ") == 2
    assert "10 earlier sessions measured another source of the workload" in told
    assert "double-sequential" not in told


def test_json_holds_the_same(results: Path) -> None:
    [found] = json.loads(history(results, "double-thread-pool", "--format", "json").stdout)["histories"]
    assert len(found["sessions"]) == 30
    [change] = found["changes"]
    assert change["at_commit"].endswith(f"{10:x}")
    assert change["after_commit"].endswith(f"{9:x}")
    assert 1.25 < change["ratio"] < 1.35


def test_sessions_can_be_chosen_and_names_are_checked(results: Path) -> None:
    assert "n = 5" in history(results, "--sessions", "36-40").stdout
    wrong = history(results, "double-threds")
    assert wrong.returncode == 2
    assert "no cell matches 'double-threds'; did you mean 'double-thread-pool'?; known: double-" in wrong.stderr
    nothing = history(results, "--sessions", "77")
    assert nothing.returncode == 2
    assert "numbers 1 to 40" in nothing.stderr
