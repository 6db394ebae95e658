"""What a user sees: where the session is while it runs, and who wins in the end."""

from __future__ import annotations

import importlib.util
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
    return result.stdout.str().split("What to use")[1]


def test_the_closing_table_answers_the_question(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "2", "--workers", "2")
    table = closing(result)
    for column in ("work", "use", "workers", "speed-up", "of limit"):
        assert column in table
    row = next(line for line in table.splitlines() if line.startswith("naps"))
    assert re.match(r"naps\s+threads: thread-pool\s+2\s+[12]\.\d+x \[[\d.]+, [\d.]+\]\s+\d+ %", row), row


def test_sequential_is_added_where_it_was_not_asked_for_and_said_to_be(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "thread-p*", "--passes", "1")
    table = closing(result)
    row = next(line for line in table.splitlines() if line.startswith("naps"))
    assert re.match(r"naps\s+threads: thread-\S+\s+\d+\s+[12]\.\d+x \[", row), row
    assert "sequential was not asked for: it was added" in flat(table)
    added = {name: cell["extra_info"]["added_as_baseline"] for name, cell in napping.cells().items()}
    assert added == {"naps-sequential": True, "naps-thread-pool": False, "naps-thread-per-task": False}


def test_sequential_that_was_asked_for_is_not_said_to_be_added(napping: Project) -> None:
    assert "it was added" not in flat(closing(napping.pytest("benchmarks", *QUICK)))
    assert [cell["extra_info"]["added_as_baseline"] for cell in napping.cells().values()] == [False, False]


def test_it_says_where_the_session_is_stored(napping: Project) -> None:
    result = napping.pytest("benchmarks", *QUICK, "-o", "parabench_no_report=false")
    assert f"Stored as {napping.sessions()[0].relative_to(napping.root)}" in result.stdout.str()
    if importlib.util.find_spec("jinja2") is None:
        assert "No report: the report as a page needs jinja2, which is not installed" in result.stdout.str()
    else:
        assert "Report: results/report.html" in result.stdout.str()
        assert "naps" in (napping.root / "results/report.html").read_text()


def test_the_report_is_left_alone_where_that_was_asked_for(napping: Project) -> None:
    napping.file("results/report.html", "mine")
    napping.pytest("benchmarks", "--models", "sequential", "--passes", "1", "--rounds", "1", "--no-report")
    assert (napping.root / "results/report.html").read_text() == "mine"


def test_failed_cells_are_in_the_closing_lines_but_not_in_the_table(project: Project) -> None:
    project.workload(
        "odd", "import threading\n\ndef odd(item):\n    return threading.current_thread() is threading.main_thread()\n"
    )
    project.experiment()
    table = flat(closing(project.pytest("benchmarks", *QUICK)))
    assert "Failed, and kept out of every comparison" in table
    assert "odd-thread-pool: " in table
    assert "results differ from sequential" in table
    assert re.search(r"odd sequential is sequential", table)


#: A progress line, as in "[#####...............]  25%, 3 s left: mine-thread-pool (2 s)".
PROGRESS = r"\[([#.]{20})\] +(\d+)%, \d+ s left(?:, \d+ of \d+ settled)?: (\S+)( \(\d+ s\))?"


def test_progress_says_which_cell_runs_and_ends_at_100_per_cent(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    result = project.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "25", "--rounds", "1")
    lines = [line for line in result.outlines if line.startswith(("[#", "[."))]
    found = [re.fullmatch(PROGRESS, line) for line in lines]
    assert lines
    assert all(found), lines
    assert {match[3] for match in found if match} <= {"mine-sequential", "mine-thread-pool", "done"}
    assert lines[-1] == f"[{'#' * 20}] 100%, 0 s left: done"


@pytest.mark.slow
def test_a_race_says_how_many_answers_are_settled(napping: Project) -> None:
    result = napping.pytest("benchmarks", "--models", "sequential,asyncio", "--budget", "20")
    assert re.search(r"^\[#{20}\] 100%, 0 s left, [01] of 1 settled: done$", result.stdout.str(), re.MULTILINE)


def test_progress_of_every_visit_is_seen_on_a_terminal_and_long_ones_show_that_they_live(project: Project) -> None:
    project.workload("slow", "import time\n\ndef slow(item):\n    time.sleep(0.05)\n")
    project.experiment()
    project.file("conftest.py", "import parabench.plugin.progress as p\n\np.HEARTBEAT_SECONDS = 0.2\n")
    screen = project.on_a_terminal("benchmarks", "--models", "sequential,thread-pool", "--passes", "1", "--rounds", "1")
    found = re.findall(PROGRESS, screen)
    assert {cell for _, _, cell, _ in found} == {"slow-sequential", "slow-thread-pool", "done"}
    assert found[-1][:3] == ("#" * 20, "100", "done"), "the last word is that all is done"
    assert re.search(r"[\r\n]\x1b\[K\[#{20}\] 100%, 0 s left: done *\r?\n", screen), "on a line of its own"
    assert any(seconds for _, _, _, seconds in found), "six batches of 0.4 s take longer than a second"
    assert "What to use" in screen


def test_progress_lines_stand_alone_even_when_cells_fail(project: Project) -> None:
    project.workload("odd", "import time\n\ndef odd(item):\n    return time.perf_counter_ns()\n")
    project.experiment()
    workers = ",".join(str(number) for number in range(1, 9))
    result = project.pytest("benchmarks", "--models", "thread-pool,asyncio", "--workers", workers, "--passes", "1")
    lines = [line for line in result.outlines if re.search(r"s left", line)]
    assert lines
    assert [line for line in lines if not line.startswith("[")] == []


def test_a_long_workload_says_what_it_will_cost_before_it_is_measured(project: Project) -> None:
    project.workload("long", "import time\n\ndef long(item):\n    time.sleep(0.02)\n")
    project.experiment()
    project.file("conftest.py", "import parabench.plugin.progress as p\n\np.LONG_BATCH_SECONDS = 0.1\n")
    result = project.pytest("benchmarks", "--models", "thread-pool", "--passes", "1", "--rounds", "1", "--workers", "8")
    said = flat(result.stdout.str())
    assert "one batch of long takes 0 s one task after the other, and the first passes run 4 of them: up to" in said


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
