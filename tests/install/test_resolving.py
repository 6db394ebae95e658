"""Can what parabench asks for be had, on every version of Python? Asked of pip's own resolver and the package index."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.resolve,
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip to resolve with"),
]
CHECKOUT = Path(__file__).parents[2]
SECONDS_AT_MOST = 120.0


def resolved(version: str, requirement: str, folder: Path, seconds_at_most: float = SECONDS_AT_MOST) -> set[str]:
    """Names of what would be installed for that version. Fails the test if there is no way, or no end to the search."""
    command = [sys.executable, str(Path(__file__).parent / "resolve_for.py"), version, str(folder), requirement]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds_at_most)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(
                f"pip came to no end in {seconds_at_most:g} s when it resolved '{requirement}' for Python {version}: "
                "something has no release for that version and wants a marker, or bounds leave too many versions to try"
            )
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    if process.returncode:
        pytest.fail(
            f"'{requirement}' cannot be resolved for Python {version}: {' '.join(errors)[:2000] or said[-2000:]}"
        )
    found = re.search(r"^Would install (.*)$", said, flags=re.MULTILINE)
    assert found is not None, said[-2000:]
    return {name.rpartition("-")[0].lower().replace("_", "-") for name in found[1].split()}


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_what_is_asked_for_can_be_had(version: str, tmp_path: Path) -> None:
    """Developers ask for all that users ask for: what is found for them is an answer for `.` and `.[all]` as well."""
    names = resolved(version, ".[dev]", tmp_path)
    assert {"parabench", "pytest", "psutil"} <= names, "of `.`"
    assert {"dask", "gevent", "uvloop", "celery", "msgspec"} <= names, "of `.[all]`"
    assert {"mypy", "ruff"} <= names
    assert ("ruptures" in names) == (version < "3.14")


def test_markers_are_those_of_the_version_that_is_asked_about(tmp_path: Path) -> None:
    requirement = 'iniconfig; python_version == "3.12"'
    assert resolved("3.12", requirement, tmp_path) == {"iniconfig"}
    with pytest.raises(AssertionError):
        resolved("3.13", requirement, tmp_path)


def test_what_has_no_release_for_a_version_is_seen(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"'ruptures>=1\.1\.10' cannot be resolved for Python 3\.15: ERROR"):
        resolved("3.15", "ruptures>=1.1.10", tmp_path)


def test_a_search_without_end_is_ended_and_said(tmp_path: Path) -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"no end in 0\.05 s when it resolved '\.' for Python 3\.11: something"
    ):
        resolved("3.11", ".", tmp_path, seconds_at_most=0.05)
