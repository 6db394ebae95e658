"""Programs in Python that pages show are run, and those of the checkout that CONTRIBUTING names, with small numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from documented_pages import ROOT, programs
from lines import changed, lines_of
from prepared import JOBS, Prepared
from running import check, skip_without

pytestmark = pytest.mark.slow

#: A text in a program that is not run here -> why, and the test that covers it instead.
NOT_RUN = {
    "from my_work import": ("the program of a model's record", "tests/models/test_snippets.py"),
    "thread_halves": ("a model that docs/extending.md adds", "tests/test_extending.py"),
    "machines_command": ("a verb that docs/extending.md adds", "tests/test_extending.py"),
    "parabench.read(": ("run with stored sessions", "tests/documented/test_commands_run.py"),
    "%load_ext": ("for a notebook", "tests/cli/test_advise.py"),
    "%%advise": ("for a notebook", "tests/cli/test_advise.py"),
}
#: GitHub as a script sees it.
REQUESTS = """
class Answer:
    def raise_for_status(self):
        pass

    def json(self):
        return [{"name": "second"}, {"name": "first"}]


def get(url, timeout):
    assert url.startswith("https://api.github.com/users/")
    return Answer()
"""
RUN = [(page, text) for page, text in programs() if not any(part in text for part in NOT_RUN)]
WORKLOADS = [(page, text) for page, text in RUN if "@workload" in text or text.startswith("# workloads/")]
EXPERIMENTS = [text for _, text in RUN if "cell.measure()" in text]
LOOPS = [text for _, text in RUN if "repositories" in text and not text.startswith("# workloads/")]
ADVICE = [text for _, text in RUN if "parabench.advise(" in text]


def test_every_program_is_run_or_says_why_not() -> None:
    run = [*(text for _, text in WORKLOADS), *EXPERIMENTS, *LOOPS, *ADVICE]
    assert sorted(run) == sorted(text for _, text in RUN)


@pytest.mark.parametrize("part", NOT_RUN)
def test_a_program_that_is_not_run_is_there_and_covered(part: str) -> None:
    assert [text for _, text in programs() if part in text]
    assert (ROOT / NOT_RUN[part][1]).exists()


@pytest.fixture
def alone(tmp_path: Path) -> Prepared:
    """A folder with a pytest.ini, and nothing else."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "workloads").mkdir()
    return Prepared(tmp_path)


def measure(project: Prepared, *options: str) -> None:
    quick = ["--models", "sequential,thread-pool", "--passes", "1", "--rounds", "1", "--no-report"]
    done = project.run(["parabench", "bench", *options, *quick])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("page", "text"), WORKLOADS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(WORKLOADS)])
def test_a_workload_of_a_page_is_measured(alone: Prepared, page: str, text: str) -> None:
    if "numpy" in text:
        pytest.importorskip("numpy")
    (alone.root / "workloads" / "block.py").write_text(text)
    measure(alone)


@pytest.mark.parametrize("text", EXPERIMENTS)
def test_an_experiment_of_a_page_measures(alone: Prepared, text: str) -> None:
    (alone.root / "workloads" / "some.py").write_text(
        "from parabench import workload\n\n\n@workload(kind='network')\ndef some(item):\n    return item\n"
    )
    (alone.root / "benchmarks").mkdir()
    (alone.root / "benchmarks" / "test_mine.py").write_text(text)
    measure(alone)


def test_the_script_of_the_tutorial_prints_the_same_before_and_after(alone: Prepared) -> None:
    before, after = LOOPS
    (alone.root / "requests.py").write_text(REQUESTS)
    (alone.root / "before.py").write_text(before)
    loop = before.index("for user in users:")
    (alone.root / "after.py").write_text(before[:loop] + after)
    printed = [alone.run(["python", name]) for name in ("before.py", "after.py")]
    assert [done.returncode for done in printed] == [0, 0], printed
    assert printed[0].stdout.startswith("ada ['first', 'second']\n")
    assert printed[0].stdout == printed[1].stdout


@pytest.mark.parametrize("text", ADVICE)
def test_advice_is_given_to_a_program(alone: Prepared, text: str) -> None:
    short = text.replace("idempotent=True)", "idempotent=True, budget=2)")
    assert short != text
    (alone.root / "jobs.py").write_text(JOBS)
    (alone.root / "asks.py").write_text(short)
    done = alone.run(["python", "asks.py"])
    assert done.returncode == 0, done.stderr
    assert "resize" in done.stdout


@pytest.mark.parametrize("line", lines_of("checkout"))
def test_a_study_of_the_checkout_runs(project: Prepared, line: str) -> None:
    skip_without(line)
    check(line, project.run(changed(line), ROOT))
