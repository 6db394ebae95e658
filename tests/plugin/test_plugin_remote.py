"""A session whose results are at a URL: stored there, and read from there by the verbs, on this or another machine."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner
from user_project import QUICK, Project

from parabench.cli import cli


def test_a_session_is_stored_at_a_url_and_read_from_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.root / "cache"))
    project.workload("mine", "def mine(item):\n    return item * 2\n")
    project.experiment()
    url = f"file://{project.root}/shared/results"
    result = project.pytest("benchmarks", *QUICK, f"--results={url}")
    result.assert_outcomes(passed=2)
    (there,) = (project.root / "shared" / "results").glob("*/*.json")
    assert there.name.startswith("0001_unversioned_")
    assert not (project.root / "results").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.root / "cache of another machine"))
    answer = CliRunner().invoke(cli, ["export", "--results", url], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert {row["cell"] for row in rows} == {"mine-sequential", "mine-thread-pool"}
    assert {row["session"] for row in rows} == {there.name}
