"""Documented command lines that make several sessions are run, shortened."""

from __future__ import annotations

import pytest
from lines import ADDED_OPTIONS, changed, fits, lines_of
from prepared import Prepared
from running import check

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("line", lines_of("runs"))
def test_a_line_makes_sessions_and_tells_what_they_show(project: Prepared, line: str) -> None:
    project.environment["PYTEST_ADDOPTS"] = ADDED_OPTIONS.get(fits(line, ADDED_OPTIONS) or "", "")
    check(line, project.run(changed(line)))
