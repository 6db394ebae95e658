"""Steps from one format to the next, tried with a chain of our own: so far there is only format 1."""

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
