"""What a user sees: where the session is while it runs, and who wins in the end."""

from __future__ import annotations

import re

import pytest
from user_project import QUICK, Project, flat

NAPS = """
import time
from parabench.workload import cpu_limit, workload

@workload(items=[0.03] * 4, kind="cpu", limit=cpu_limit)
def naps(item):
    time.sleep(item)
    return item
"""


@pytest.fixture
def napping(project: Project) -> Project:
    """A workload that two workers finish in half the time."""
    project.workload("naps", NAPS)
    project.experiment("cpu")
    return project


def closing(result: pytest.RunResult) -> str:
    """From the closing table to the name of the stored file."""
    return result.stdout.str().split("Who wins")[1]


def test_the_closing_table_answers_the_question(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "2", "--workers", "2")
    table = closing(result)
    for column in ("workload", "best model", "workers", "time", "speed-up", "of ideal"):
        assert column in table
    row = next(line for line in table.splitlines() if line.startswith("naps"))
    assert re.match(r"naps\s+thread-pool( x2)?\s+2\s+[\d.]+ ms\s+[12]\.\d+x \[[\d.]+, [\d.]+\]\s+\d+ %\s+", row), row


def test_sequential_is_added_where_it_was_not_asked_for_and_said_to_be(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "thread-*", "--passes", "1")
    table = closing(result)
    row = next(line for line in table.splitlines() if line.startswith("naps"))
    assert re.match(r"naps\s+thread-\S+\s+\d+\s+[\d.]+ ms\s+[12]\.\d+x \[", row), row
    assert "sequential was not asked for: it was added" in flat(table)
    added = {name: cell["extra_info"]["added_as_baseline"] for name, cell in napping.cells().items()}
    assert added == {"naps-sequential": True, "naps-thread-pool": False, "naps-thread-per-task": False}


def test_sequential_that_was_asked_for_is_not_said_to_be_added(napping: Project) -> None:
    assert "it was added" not in flat(closing(napping.pytest("benchmarks", *QUICK)))
    assert [cell["extra_info"]["added_as_baseline"] for cell in napping.cells().values()] == [False, False]


def test_it_says_where_the_session_is_stored(napping: Project) -> None:
    result = napping.pytest("benchmarks", *QUICK)
    assert f"Stored as {napping.sessions()[0].relative_to(napping.root)}" in result.stdout.str()


def test_failed_cells_are_in_the_closing_lines_but_not_in_the_table(project: Project) -> None:
    project.workload(
        "odd", "import threading\n\ndef odd(item):\n    return threading.current_thread() is threading.main_thread()\n"
    )
    project.experiment()
    table = flat(closing(project.pytest("benchmarks", *QUICK)))
    assert "Failed, and kept out of every comparison" in table
    assert "odd-thread-pool: " in table
    assert "results differ from sequential" in table
    assert re.search(r"odd sequential 1 .* only model measured", table)


def test_progress_says_which_cell_runs_and_how_many_are_left(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "25", "--rounds", "1")
    assert_progress(result.stdout.str(), r"^{}$", {"mine-sequential", "mine-thread-pool"}, visits=50)


def test_progress_is_shown_even_when_the_visits_are_few(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "sequential,asyncio", "--passes", "2", "--rounds", "1")
    assert_progress(result.stdout.str(), r"^{}$", {"naps-sequential", "naps-asyncio"}, visits=4)


def test_progress_of_every_visit_is_seen_on_a_terminal(napping: Project) -> None:
    screen = napping.on_a_terminal("benchmarks", "--models", "sequential,asyncio", "--passes", "2", "--rounds", "1")
    seen = assert_progress(screen, "{}", {"naps-sequential", "naps-asyncio"}, visits=4)
    assert seen == [1, 2, 3, 4]
    assert "Who wins" in screen


def assert_progress(output: str, line: str, cells: set[str], visits: int) -> list[int]:
    """At least one well-formed progress line; returns the numbers of the visits that were announced."""
    pattern = line.format(r"\[(\d+)/(\d+)\] pass \d+ of \d+: (\S+) \((\d+) left\)")
    found = re.findall(pattern, output, re.MULTILINE)
    assert found
    for number, total, cell, left in found:
        assert cell in cells
        assert int(total) == visits == int(number) + int(left)
    return [int(number) for number, *_ in found]


def test_progress_lines_stand_alone_even_when_cells_fail(project: Project) -> None:
    project.workload("odd", "import time\n\ndef odd(item):\n    return time.perf_counter_ns()\n")
    project.experiment()
    workers = ",".join(str(number) for number in range(1, 26))
    result = project.pytest("benchmarks", "--models", "thread-pool,asyncio", "--workers", workers, "--passes", "1")
    lines = [line for line in result.outlines if re.search(r"\[\d+/\d+\] pass", line)]
    assert lines
    assert [line for line in lines if not line.startswith("[")] == []


def test_verbose_names_every_cell_with_its_outcome(napping: Project) -> None:
    result = napping.pytest("benchmarks", *QUICK, "-v")
    for model in ("sequential", "thread-pool"):
        assert re.search(rf"test_cpu\[naps-{model}\] PASSED", result.stdout.str())


def test_output_is_plain_ascii_safe_text_when_the_terminal_is_not_utf8(
    napping: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("LC_ALL", "C")
    result = napping.pytest("benchmarks", *QUICK)
    assert result.ret == pytest.ExitCode.OK
    assert "\x1b[" not in result.stdout.str()
    assert "UnicodeEncodeError" not in result.stdout.str() + result.stderr.str()
    assert "naps" in closing(result)
