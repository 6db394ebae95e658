"""Tests that measure nothing import the options of parabench and no more."""

from __future__ import annotations

import pytest
from user_project import QUICK, Project

LISTS = """
import sys

def pytest_sessionfinish():
    print(*sorted(name for name in sys.modules if name.split(".")[0] in ("parabench", "psutil", "rich", "click")))
"""
#: What the options are made of, and the words; errors are a few classes.
LIGHT = {
    *("parabench", "parabench.workload", "parabench.plugin", "parabench.plugin.pytest_options"),
    *("parabench.session", "parabench.session.option_table", "parabench.workers", "parabench.workers.environment"),
    *(f"parabench.errors{name}" for name in ("", ".base", ".cells", ".runs", ".spelling", ".storage", ".usage")),
    "parabench.errors.workers",
}


def imported(project: Project, *arguments: str) -> set[str]:
    result = project.pytest("-s", *arguments)
    (line,) = (line for line in result.outlines if line.lstrip(".").startswith("parabench"))
    return set(line.lstrip(".").split())


def test_nothing_is_imported_before_a_test_asks_for_a_cell(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file("conftest.py", LISTS)
    project.file("test_plain.py", "def test_plain():\n    pass\n")
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio -p no:xdist -p no:valkey")
    assert imported(project, "test_plain.py") == LIGHT
    measured = imported(project, "benchmarks", *QUICK, "--on-busy", "allow")
    assert {"parabench.plugin.session_hooks", "parabench.measure.experiment"} <= measured
