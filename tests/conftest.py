"""Fixtures of all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from user_project import MARK, Project

pytest_plugins = ["pytester"]


def pytest_configure() -> None:
    """Scripts start their background jobs with Ctrl-C ignored, and every process started here would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A small repository of a user's own; nothing that it started outlives the test."""
    made = Project(pytester)
    monkeypatch.setenv(MARK, made.mark)
    # Plugins of our own development environment: a user has others, and importing hypothesis doubles the time.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio --on-busy allow")
    yield made
    made.kill_what_runs()
