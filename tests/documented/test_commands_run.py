"""Documented command lines that read what is stored, or look around, are run as they stand."""

from __future__ import annotations

import ast
import csv
import fnmatch
import functools
import importlib.util
import json
import re
import shlex
import shutil
import subprocess

import pytest
from documented_pages import ROOT, command_lines, programs
from lines import (
    ADDED_OPTIONS,
    GROUPS,
    LONG,
    NEEDS,
    NOT_RUN,
    SAYS,
    SHORTENED,
    STATUS,
    VARIABLES,
    changed,
    fits,
    group_of,
    lines_of,
)
from prepared import SECONDS_AT_MOST, Prepared
from running import check, skip_without

pytestmark = pytest.mark.slow

COMPLETIONS = ("eval *", "_PARABENCH_COMPLETE=*")


@pytest.mark.parametrize("line", [line for line in lines_of("plain") if not fits(line, COMPLETIONS)])
def test_a_line_runs_in_a_project_with_stored_sessions(history: Prepared, line: str) -> None:
    skip_without(line)
    check(line, history.run(changed(line)))


@pytest.mark.parametrize("line", [line for line in lines_of("plain") if fits(line, COMPLETIONS)])
def test_a_line_for_a_shell_gives_it_completions(project: Prepared, line: str) -> None:
    shell = next(name for name in ("bash", "zsh", "fish") if f"{name}_source" in line)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    asked = {"bash": "complete -p parabench", "zsh": "whence _parabench_completion", "fish": "complete -c parabench"}
    before = "autoload -U compinit; compinit; " if shell == "zsh" else ""
    words, where = project.command(["parabench"])
    where["env"] = where["env"] | {"PATH": f"{words[0].removesuffix('parabench')}:{where['env']['PATH']}"}
    whole = f"{line} | source" if shell == "fish" else line
    done = subprocess.run(
        [shell, "-c", f"{before}{whole}\n{asked[shell]}"],
        **where,
        capture_output=True,
        timeout=SECONDS_AT_MOST,
        check=False,
    )
    check(line, done)
    assert "parabench" in done.stdout


def test_files_are_written_where_the_pages_say(history: Prepared) -> None:
    for line in ("parabench export --output rounds.csv", "parabench export --format trace --output trace.json"):
        assert line in command_lines()
        assert history.run(line.split()).returncode == 0
    with (history.root / "rounds.csv").open() as file:
        rounds = list(csv.DictReader(file))
    assert {row["workload"] for row in rounds} == {"count-primes", "no-op"}
    assert json.loads((history.root / "trace.json").read_text())["traceEvents"]
    assert history.run(["parabench", "report"]).stdout.strip().endswith("results/report.html")
    assert (history.root / "results/report.html").read_text().startswith("<!")


@pytest.mark.parametrize("text", [text for _, text in programs() if "parabench.read(" in text])
def test_rounds_are_read_by_a_program(history: Prepared, text: str) -> None:
    """Without pandas and matplotlib what the program gets from here is looked at, and what it calls it by."""
    if all(importlib.util.find_spec(name) for name in ("pandas", "matplotlib")):
        (history.root / "reads.py").write_text(text)
        done = history.run(["python", "reads.py"])
        assert done.returncode == 0, done.stderr
        assert (history.root / "rounds.png").exists()
    (call,) = re.findall(r"parabench\.read\([^()]*\)", text)
    columns = re.findall(r'(?:groupby\(|\[)"(\w+)"', text)
    asked = f"import parabench\nprint([[row[name] for name in {columns}] for row in {call}])\n"
    (history.root / "asks.py").write_text(asked)
    done = history.run(["python", "asks.py"])
    assert done.returncode == 0, done.stderr
    assert "['count-primes-sequential', 0." in done.stdout


def test_the_sessions_of_interpreters_that_come_with_the_checkout_compare_as_the_page_says(project: Prepared) -> None:
    """docs/how-to/interpreters.md says so of a fresh clone."""
    done = project.run(["parabench", "compare", "3.13", "3.13t", "--results", str(ROOT / "results")])
    assert done.returncode == 1, done.stderr
    assert "slower" in done.stdout


def test_every_line_is_run_or_says_why_not() -> None:
    groups = [*GROUPS, "plain"]
    assert sorted(line for group in [*groups, None] for line in lines_of(group)) == command_lines()
    assert all(lines_of(group) for group in groups)


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_what_is_not_run_is_there_and_covered(pattern: str) -> None:
    assert [line for line in command_lines() if fits(line, NOT_RUN) == pattern], "no page has such a command any more"
    assert NOT_RUN[pattern][1] in known_tests()


@functools.cache
def known_tests() -> set[str]:
    """Tests that pytest collects, as file::function."""
    return {
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_lines_of_pipelines_are_commands_of_the_pages_too() -> None:
    lines = command_lines()
    assert "parabench report --results told --output report.html" in lines, "GitLab"
    assert 'pip install "parabench[all]" --editable .' in lines, "GitHub"
    assert "parabench run --sessions 2" in lines, "cron"
    assert not {word for line in lines for word in shlex.split(line) if word.startswith("$CI_")} - {*VARIABLES}


def test_the_cost_of_being_installed_is_compared() -> None:
    """docs/design.md has its figures; here one turn of it is enough."""
    line = "pytest benchmarks -m harness -s -k start_up"
    assert line in command_lines()
    done = Prepared(ROOT).run(shlex.split(f"PARABENCH_START_UP_TURNS=1 {line} -p no:cacheprovider"))
    assert done.returncode == 0, done.stdout
    ratios = r"^(?:processor )?time, .* / .*: [\d.]+ \[[\d.]+, [\d.]+\], n = 1"
    assert len(re.findall(ratios, done.stdout, re.MULTILINE)) == 10


@pytest.mark.parametrize("table", [NEEDS, STATUS, SAYS, ADDED_OPTIONS, LONG, [change.pattern for change in SHORTENED]])
def test_tables_have_no_entry_without_a_line(table: dict[str, object]) -> None:
    run = [line for line in command_lines() if group_of(line) is not None]
    assert [pattern for pattern in table if not fnmatch.filter(run, pattern)] == []
