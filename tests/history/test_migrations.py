"""Steps from one format to the next, tried with a chain of our own, and the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parabench.errors import HistoryTooNew, HistoryUnreadable
from parabench.history import migrations
from parabench.history.migrations import StepFailed, latest_format, migrate
from parabench.history.reader import read_session
from parabench.history.session_file import FORMAT
from parabench.records import CellId

SAMPLE = Path(__file__).parent / "samples" / "parabench_1.json"


def rename_model(session: dict[str, Any], cells: list[dict[str, Any]]) -> migrations.Additions:
    return session, [{**cell, "model": f"renamed-{cell['model']}"} for cell in cells]


def drop_failed(session: dict[str, Any], cells: list[dict[str, Any]]) -> migrations.Additions:
    return {key: value for key, value in session.items() if key != "failed"} | {"failed": []}, cells


CHAIN = (rename_model, drop_failed)


def test_the_format_that_is_written_is_the_one_that_the_steps_lead_to() -> None:
    assert latest_format(migrations.MIGRATIONS) == FORMAT


@pytest.mark.parametrize(
    ("stored", "model", "failed"),
    [(1, "renamed-x", []), (2, "x", []), (3, "x", ["y"])],
)
def test_each_step_is_taken_once_and_in_order(stored: int, model: str, failed: list[str]) -> None:
    session, cells = migrate({"format": stored, "failed": ["y"]}, [{"model": "x"}], CHAIN)
    assert session == {"format": 3, "failed": failed}
    assert cells == [{"model": model}]


def test_a_step_that_raises_says_which_and_why() -> None:
    with pytest.raises(StepFailed, match=r"^it could not be brought from format 1 to 2: KeyError: 'model'$"):
        migrate({"format": 1}, [{}], CHAIN)


def test_an_old_file_is_read_as_one_of_the_latest_format(monkeypatch: pytest.MonkeyPatch) -> None:
    before = SAMPLE.read_bytes()
    monkeypatch.setattr(migrations, "MIGRATIONS", CHAIN)
    session = read_session(SAMPLE)
    assert (session.format, session.failed) == (1, ())
    assert {b.model for b in session.benchmarks if b.is_cell} == {"renamed-sequential", "renamed-thread-pool"}
    assert [b.model for b in session.benchmarks if not b.is_cell] == [None], "other tests' benchmarks are left alone"
    assert SAMPLE.read_bytes() == before, "files are never rewritten"


def test_a_file_that_a_step_does_not_take_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(session: dict[str, Any], cells: list[dict[str, Any]]) -> migrations.Additions:
        raise TypeError("no number")

    monkeypatch.setattr(migrations, "MIGRATIONS", (fails,))
    with pytest.raises(HistoryUnreadable) as refused:
        read_session(SAMPLE)
    assert str(refused.value) == (
        f"cannot read the stored session {SAMPLE}: it could not be brought from format 1 to 2: TypeError: no number; "
        "move the file away or restore it"
    )


def test_a_newer_format_is_refused_with_both_versions_and_what_to_do(tmp_path: Path) -> None:
    content = json.loads(SAMPLE.read_text())
    content["parabench"]["format"] = FORMAT + 6
    path = tmp_path / "0001_new.json"
    path.write_text(json.dumps(content))
    with pytest.raises(HistoryTooNew) as refused:
        read_session(path)
    assert str(refused.value) == (
        f"cannot read the stored session {path}: its format is {FORMAT + 6}, and this parabench reads formats up to "
        f"{FORMAT}; upgrade parabench: pip install --upgrade parabench"
    )


@pytest.mark.parametrize(
    ("text", "options", "cell"),
    [
        ("a-b-interpreters", {}, CellId("a-b", "interpreters", 1, "small")),
        ("a-interpreters-medium", {"size": "medium"}, CellId("a", "interpreters", 1, "medium")),
        (
            "a-process-pool-fork-w4-large",
            {"size": "large", "workers": [4]},
            CellId("a", "process-pool-fork", 4, "large", True),
        ),
        ("a-asyncio-to-thread", {}, CellId("a", "asyncio-to-thread", 1, "small")),
        ("a-pool-of-mine", {}, CellId("a", "pool-of-mine", 3, "small")),
        ("neither", {}, CellId("neither", "unknown", 1, "small")),
    ],
)
def test_cells_of_format_1_get_the_fields_that_their_text_was_made_of(
    text: str, options: dict[str, Any], cell: CellId
) -> None:
    session = {"format": 1, "options": options, "failed": [{"cell": text, "reason": "x"}], "not_run": []}
    session, _ = migrate(session, [{"model": "pool-of-mine", "workers": 3}], migrations.MIGRATIONS)
    [entry] = session["failed"]
    assert CellId(**{field: entry[field] for field in CellId._fields if field in entry}) == cell
    assert (entry["cell"], entry["reason"]) == (text, "x")


def test_seconds_among_the_options_of_format_1_get_their_unit() -> None:
    session = {"format": 1, "options": {"latency": 0.005, "budget": None, "cell_timeout": 120.0, "seed": 1}}
    session, cells = migrate(session, [{"model": "sequential"}, {"model": "x"}], migrations.MIGRATIONS)
    assert session["options"] == {
        "latency_seconds": 0.005,
        "budget_seconds": None,
        "cell_timeout_seconds": 120.0,
        "seed": 1,
    }
    assert [cell["workers_named"] for cell in cells] == [False, False]


@pytest.mark.parametrize("wrong", [{"options": 3}, {"failed": 3}, {"failed": [3, {"cell": 4}]}, {"not_run": None}])
def test_what_is_wrong_in_format_1_stays_for_the_reader_to_word(wrong: dict[str, Any]) -> None:
    session, _ = migrate({"format": 1, **wrong}, [], migrations.MIGRATIONS)
    assert session == {"format": 2, **wrong}
