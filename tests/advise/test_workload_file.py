"""The file of `--workload` is found in a workloads folder and does what the function does, whatever was given."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parabench.advise.advisor import advise_on
from parabench.advise.items import read_items
from parabench.advise.ledger import Ledger
from parabench.advise.request import Request
from parabench.advise.snippet import YOUR_ITEMS, items_expression
from parabench.advise.target import setup_of, target_of, twin_of
from parabench.advise.work import Work
from parabench.advise.workload_file import write_workload
from parabench.errors import UsageError, WorkloadFileUnusable

FILES = {
    "sync/jobs.py": """
        class Client:
            def get(self, item, connection="none"): return [item, connection]
        client = Client()
        def get(item, connection="none"): return [item, connection]
        def changes(item): item["n"] += 1; return item["n"]
        async def awaits(item, connection="none"): return [item, connection]
        def invoices(): yield from [1, 2]
        class Made:
            @staticmethod
            def items(): return [1, 2]
        def _1st(item): return [item, "none"]
    """,
    "aio/ajobs.py": """
        async def get(item, connection="none"): return [item, connection]
    """,
    "conf/db.py": """
        import contextlib
        @contextlib.contextmanager
        def connect(): yield "connection"
        async def connect_async(): return "connection"
        def prepare(): return None
    """,
}
#: Imports the file as a session does, in a fresh process, and runs the task with each item as a worker does.
RUN = """
import asyncio, contextlib, inspect, json, sys
from pathlib import Path
from parabench.measure.cell import call_of
from parabench.session.discovery import find_workloads
from parabench.task import asynchronous_context, coroutine_of, failed
(found,) = find_workloads(Path(sys.argv[1])).values()
call = call_of(found, "{}")
done = [call(item) for item in found.items("small")]
async def awaited():
    async with asynchronous_context(call) if call.context_async else contextlib.nullcontext() as more:
        given = (more,) if call.context_async else ()
        return [await found.task_async(item, *given) for item in found.items("small")]
twice = asyncio.run(awaited()) if found.task_async else None
print(json.dumps({"name": found.name, "failed": [one.failure for one in done if one.failure],
    "values": [one.value for one in done], "awaited": twice, "deterministic": found.deterministic}))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a workloads folder, whose modules are forgotten afterwards."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(inspect.cleandoc(text))
    (tmp_path / "own_work").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def ran(folder: Path, target: str, items: list[Any], items_text: str, **fields: Any) -> dict[str, Any]:
    """What a session would find and do, in another folder than the one that advice was asked for in."""
    names = {"twin": twin_of, "setup": setup_of}
    given = {name: names[name](value, folder) if name in names else value for name, value in fields.items()}
    work = Work(target=target_of(target, folder), items=items, **given)
    path = folder / "own_work" / "mine.py"
    write_workload(path, work, items_text)
    done = subprocess.run(
        [sys.executable, "-c", RUN, path.parent], capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    assert done.returncode == 0, f"{done.stderr}\n{path.read_text()}"
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["failed"] == [], path.read_text()
    return told


@pytest.mark.parametrize("target", ["get", "client.get", "awaits", "_1st"])
def test_functions_of_folders_that_are_not_on_the_path(folder: Path, target: str) -> None:
    told = ran(folder, f"sync/jobs.py:{target}", [1, 2], "range(1, 3)", kind="mixed")
    assert told["values"] == [[1, "none"], [2, "none"]]
    assert told["name"] == {"_1st": "function", "client.get": "get"}.get(target, target)
    assert told["deterministic"]


@pytest.mark.parametrize(
    ("setup", "value"), [("connect", "connection"), ("connect_async", "connection"), ("prepare", "none")]
)
def test_setup_and_twin_are_those_that_were_given(folder: Path, setup: str, value: str) -> None:
    expected = [[1, value], [2, value]]
    if setup != "connect_async":
        fields = {"twin": "aio/ajobs.py:get", "setup": f"conf/db.py:{setup}"}
        told = ran(folder, "sync/jobs.py:get", [1, 2], "[1, 2]", **fields)
        assert (told["values"], told["awaited"]) == (expected, expected)
        (folder / "own_work" / "mine.py").unlink()
    told = ran(folder, "sync/jobs.py:awaits", [1, 2], "[1, 2]", setup=f"conf/db.py:{setup}")
    assert told["awaited"] == expected


def test_items_that_are_changed_are_copied_and_results_of_chance_not_compared(folder: Path) -> None:
    told = ran(folder, "sync/jobs.py:changes", [{"n": 1}], '[{"n": 1}]', copies=True, deterministic=False)
    assert told["values"] == [2]
    assert not told["deterministic"]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("items.json", "[1, 2]"),
        ("items.JSONL", "1\n2\n"),
        ("jobs:invoices", ""),
        ("jobs.py:invoices", ""),
        ("jobs:Made.items", ""),
        ("1, 2", ""),
        (" [1, 2]  # two", ""),
    ],
)
def test_items_come_from_where_they_came_from(folder: Path, text: str, content: str) -> None:
    if content:
        (folder / text).write_text(content)
    target_of("sync/jobs.py:get", folder)
    items = read_items(text, folder)
    assert items == [1, 2]
    told = ran(folder, "sync/jobs.py:get", items, items_expression(text))
    assert [value[0] for value in told["values"]] == [1, 2]


@pytest.mark.parametrize("items", [list(range(200)), ["x" * 300], [float("inf")]])
def test_items_that_nobody_could_show_are_written_down(folder: Path, items: list[Any]) -> None:
    told = ran(folder, "sync/jobs.py:get", items, YOUR_ITEMS)
    assert [value[0] for value in told["values"]] == items


@pytest.mark.parametrize(
    ("name", "problem"),
    [("there.py", "it is there already, and is not overwritten"), ("missing/mine.py", "there is no folder")],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    (folder / "there.py").write_text("mine\n")
    calls: list[int] = []
    monkeypatch.setattr(Ledger, "charge", lambda self, count: calls.append(count))
    target = target_of("sync/jobs.py:get", folder)
    request = Request(target=target, items=[1], items_text="[1]", budget_seconds=1.0, workload_file=folder / name)
    with pytest.raises(UsageError, match=problem):
        advise_on(request)
    assert calls == []
    assert (folder / "there.py").read_text() == "mine\n"


def test_a_file_that_comes_meanwhile_is_kept_too(folder: Path) -> None:
    (folder / "there.py").write_text("mine\n")
    work = Work(target=target_of("sync/jobs.py:get", folder), items=[1])
    with pytest.raises(WorkloadFileUnusable, match="cannot be written: File exists"):
        write_workload(folder / "there.py", work, "[1]")
    assert (folder / "there.py").read_text() == "mine\n"
