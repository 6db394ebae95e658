"""`parabench doctor` fits one screen and says what is there, what is not, and why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from parabench.cli import cli
from parabench.records import Concern, Unavailable
from parabench.report.health_text import health_text
from parabench.session import health
from parabench.session.health import Finding, examination

#: No other test imports a package of this name.
FOLDER = "examined_work"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nparabench_results = kept\nparabench_workloads_dir = {FOLDER}\n")
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "mine.py").write_text("def mine(item):\n    return item\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == FOLDER]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(health, "examine", lambda checks: [])
    return tmp_path


def test_it_looks_at_everything_and_fits_one_screen(project: Path) -> None:
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for what in ("interpreter", "cores", "timer", "perf counters", "joules", "models", "workloads", "results", "noise"):
        assert any(line.startswith(f"{what} ") for line in lines), what
    assert f"1 in {project / FOLDER}" in "".join(done.output.split("\n" + " " * 18)).replace("in/", "in /")
    assert "none yet: kept will be made" in done.output


def test_what_spoils_numbers_is_bad_and_told_by_the_exit_status(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "examine", lambda checks: [Concern("load", "somebody\x1b[31m computes")])
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert "load          BAD somebody\\x1b[31m computes" in done.output
    assert "noise" not in done.output


def test_a_model_that_is_not_ready_has_its_reason_and_those_of_one_reason_a_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = health.find_models()
    missing = Unavailable("none here", 'pip install "parabench[some]"')
    for name in ("gevent", "rq"):
        monkeypatch.setitem(models, name, _with(models[name], missing))
    monkeypatch.setattr(health, "find_models", lambda: models)
    found = examination(project / FOLDER, project / "kept")
    assert Finding("  not ready", None, 'gevent, rq: pip install "parabench[some]"') in found


def _with(model, missing):  # type: ignore[no-untyped-def]  # a model of any sort
    from dataclasses import replace

    return replace(model, availability=lambda: missing)


def test_broken_workloads_and_results_are_bad(project: Path) -> None:
    (project / FOLDER / "odd.py").write_text("1 / 0\n")
    folder = project / "kept" / "machine"
    folder.mkdir(parents=True)
    (folder / "0001_x.json").write_text("{")
    found = {finding.what: finding for finding in examination(project / FOLDER, project / "kept")}
    assert found["workloads"].well is False
    assert "ZeroDivisionError" in found["workloads"].detail
    assert (found["results"].well, "1 cannot be read" in found["results"].detail) == (False, True)


def test_a_long_detail_is_wrapped_below_itself() -> None:
    text = health_text([Finding("thing", None, "word " * 30)], 40)
    first, second, *_ = text.splitlines()
    assert first.startswith("thing         -   word")
    assert second.startswith(" " * 18 + "word")
