"""Tests that measure nothing import the options of parabench and no more."""

from __future__ import annotations

import pytest
from user_project import PATIENCE_SECONDS, QUICK, Project

LISTS = """
import sys

def pytest_sessionfinish():
    print(*sorted(name for name in sys.modules if name.split(".")[0] in ("parabench", "psutil", "rich", "click")))
"""
#: What the options are made of, the words, and the wording of errors, which is a few classes.
LIGHT = {
    *("parabench", "parabench.workload", "parabench.names", "parabench.plugin", "parabench.plugin.pytest_options"),
    *("parabench.session", "parabench.session.option_table", "parabench.workers", "parabench.workers.environment"),
}


def imported(project: Project, *arguments: str) -> set[str]:
    """What a pytest of a user's has imported at its end."""
    said, _ = project.start("-q", "-s", *arguments).communicate(timeout=PATIENCE_SECONDS)
    (line,) = (line for line in said.splitlines() if line.lstrip(".").startswith("parabench "))
    return {name for name in line.lstrip(".").split() if not name.startswith("parabench.errors")}


def test_nothing_is_imported_before_a_test_asks_for_a_cell(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file("conftest.py", LISTS)
    project.file("test_plain.py", "def test_plain():\n    pass\n")
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio -p no:xdist -p no:valkey")
    assert imported(project, "test_plain.py") == LIGHT
    measured = imported(project, "benchmarks", *QUICK, "--on-busy", "allow")
    assert {"parabench.plugin.session_hooks", "parabench.measure.experiment"} <= measured
