"""Projects for the documented command lines, shared by the tests of a file.

Rooms: cli, plugin, run, advise, report.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "queues"))  # brokers of the tests' own

from lines import LONG, LONG_FILES, fits
from prepared import Prepared, prepare, store_sessions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long."""
    for item in items:
        line = getattr(item, "callspec", None) and item.callspec.params.get("line")
        if item.path.name in LONG_FILES or (isinstance(line, str) and fits(line, LONG)):
            item.add_marker("documented")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A project that has not been measured."""
    root = tmp_path_factory.mktemp("documented") / "project"
    root.mkdir()
    return prepare(root)


@pytest.fixture(scope="module")
def history(project: Prepared) -> Prepared:
    """The same with stored sessions of this interpreter and of two others."""
    store_sessions(project)
    return project
