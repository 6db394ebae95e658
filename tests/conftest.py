"""Fixtures of all tests."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from user_project import MARK, Project
from warm_sessions import WarmSessions

from parabench.measure.lock import LOCK_VARIABLE

pytest_plugins = ["pytester"]

#: Tools of the extra `test` that whole files are written with, and that an interpreter may have no wheel of.
_MISSING = [tool for tool in ("hypothesis", "jsonschema") if importlib.util.find_spec(tool) is None]
#: Files of a minute and more.
LONGEST = {
    *("queues/test_faults.py", "chaos/test_chaos.py", "models/test_contract.py", "documented/test_sessions_run.py"),
    *("plugin/test_plugin_resume.py", "plugin/test_plugin_terminal.py", "queues/test_lease.py"),
}
#: Without plugins of our own development environment: a user has others, and importing them doubles the time.
OPTIONS = "".join(f"-p no:{name} " for name in ("hypothesispytest", "anyio", "xdist", "xdist.looponfail", "valkey"))
OPTIONS += "--parabench-on-busy allow"


def pytest_report_header() -> list[str]:
    """Say which tools are missing, whose tests are left out."""
    return [f"tests written with {tool} are left out: it is not installed" for tool in _MISSING]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out files that could not be imported without a tool that is missing."""
    if not _MISSING or collection_path.suffix != ".py":
        return None
    needs = re.search(rf"^(?:from|import) (?:{'|'.join(_MISSING)})\b", collection_path.read_text(), flags=re.MULTILINE)
    return True if needs else None


def pytest_configure() -> None:
    """Scripts and nohup start jobs with signals ignored, and every process that is started here would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # A session that a test starts is no part of a run side by side: pytest-benchmark would measure nothing there.
    # It may keep what it has compiled, as on a user's machine: else each of hundreds compiles every library anew.
    for name in [*(name for name in os.environ if name.startswith("PYTEST_XDIST_")), "PYTHONDONTWRITEBYTECODE"]:
        os.environ.pop(name, None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: else all others of a run side by side wait for them at its end."""
    items.sort(key=lambda item: "/".join(item.path.parts[-2:]) not in LONGEST)


@pytest.fixture(scope="session")
def warm_sessions() -> Iterator[WarmSessions]:
    """What sessions are forked off; one for each process of a run side by side."""
    with closing(WarmSessions(OPTIONS)) as sessions:
        yield sessions


@pytest.fixture
def project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, warm_sessions: WarmSessions
) -> Iterator[Project]:
    """A small repository of a user's own; nothing that it started outlives the test."""
    made = Project(pytester, warm_sessions)
    monkeypatch.setenv(MARK, made.mark)
    monkeypatch.setenv(LOCK_VARIABLE, f"parabench-test-{made.mark}")  # other tests, and the user's sessions, go on
    monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)
    yield made
    made.kill_what_runs()
