"""The code to paste gives the same results as a loop, whatever is recommended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jobs_for_tests
import pytest

from parabench.advise.snippet import items_expression, literal_of, snippet_of
from parabench.advise.target import Target, target_of
from parabench.models import find_models

HERE = Path(__file__).parent
LOCAL = [m for m in find_models().values() if not m.variant and not m.on_request and m.availability() is None]
CONTESTANTS = [(model.name, chunk) for model in LOCAL if model.family != "greenlets" for chunk in model.chunks]


def printed(code: str, folder: Path) -> list[str]:
    """What the program prints, run as a script."""
    path = folder / "pasted.py"
    path.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    environment.pop("PYTHONUNBUFFERED", None)  # prints of two workers would be mixed within a line
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def target(name: str) -> Target:
    return target_of(f"jobs_for_tests.py:{name}", HERE)


def by_a_loop(function, items) -> list[str]:
    lines = []
    for item in items:
        try:
            lines.append(str(function(item)))
        except Exception as error:
            lines.append(f"{item!r} failed: {error!r}")
    return lines


@pytest.mark.parametrize(("name", "chunk"), CONTESTANTS)
def test_a_snippet_gives_what_a_loop_gives(name: str, chunk: str, tmp_path: Path) -> None:
    model = find_models()[name]
    function = "awaits" if model.capabilities.accepts_coroutines else "raises_on_some"
    code = snippet_of(model, target(function), "range(9)", workers=2, chunk=chunk, cores=2)
    expected = list(map(str, range(9))) if function == "awaits" else by_a_loop(jobs_for_tests.raises_on_some, range(9))
    assert printed(code, tmp_path) == expected
    assert model.name == "sequential" or "process_cpu_count" in code


@pytest.mark.parametrize("chunk", ["1", "auto"])
def test_what_workers_of_a_pool_print_is_not_lost_with_them(chunk: str, tmp_path: Path) -> None:
    code = snippet_of(find_models()["mp-pool"], target("prints_late"), "range(9)", workers=2, chunk=chunk, cores=2)
    lines = printed(code, tmp_path)
    assert sorted(line for line in lines if "late" in line) == [f"late {number}" for number in range(9)]


@pytest.mark.parametrize("name", ["thread-pool", "process-pool-fork", "mp-pool", "sequential"])
@pytest.mark.parametrize("function", ["awaits", "needs_connection", "client.fetch"])
def test_functions_that_need_more_than_an_item(name: str, function: str, tmp_path: Path) -> None:
    setup = "jobs_for_tests:connection" if function == "needs_connection" else None
    code = snippet_of(find_models()[name], target(function), "[1, 2]", workers=3, chunk="1", cores=2, setup=setup)
    assert printed(code, tmp_path) == (["1", "2"] if function == "awaits" else ["2", "3"])
    assert name == "sequential" or "workers = 3" in code


@pytest.mark.parametrize(
    ("text", "file", "content"),
    [
        ("items.json", "items.json", "[4, 5]"),
        ("items.jsonl", "items.jsonl", "4\n5\n"),
        ("items.csv", "items.csv", "n\n4\n5\n"),
        ("made_for_snippets:some", "made_for_snippets.py", "def some():\n    return [4, 5]\n"),
        ("package_for_snippets.made:some", "package_for_snippets/made.py", "def some():\n    yield from [4, 5]\n"),
        ("made_in_class:Made.some", "made_in_class.py", "class Made:\n    def some():\n        return [4, 5]\n"),
        ("ITEMS.JSON", "ITEMS.JSON", "[4, 5]"),
        ("[4, 5]", "unused.txt", ""),
        ("\n4, 5  # two", "unused.txt", ""),
    ],
)
def test_items_come_from_where_they_came_from(
    text: str, file: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    monkeypatch.chdir(tmp_path)
    code = snippet_of(
        find_models()["sequential"], target("prints"), items_expression(text), workers=1, chunk="1", cores=2
    )
    lines = printed(code, tmp_path)
    assert len(lines) == 4
    assert "4" in lines[1]
    assert "5" in lines[3]


def test_a_factory_that_yields_can_be_run_in_chunks(tmp_path: Path) -> None:
    (tmp_path / "yields_for_snippets.py").write_text("def some():\n    yield from [4, 5]\n")
    items = items_expression("yields_for_snippets:some")
    code = snippet_of(find_models()["process-pool-fork"], target("plain"), items, workers=2, chunk="auto", cores=2)
    assert printed(code, tmp_path) == ["8", "10"]


@pytest.mark.parametrize("items", [[1, "a", None], [(1, 2)], [float("inf")], ["x" * 300, 2]])
def test_items_are_written_as_python(items: list[object]) -> None:
    assert eval(literal_of(items), {"json": json}) == items
