"""The page made anew after measuring: what was measured is stored by then, and nothing here may make it look failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.report.page.data import report_of
from parabench.report.page.render import NAME, write_page


def refreshed(results: Path, shown: Callable[[Path], str] = str) -> list[str]:
    """Make the page of a results folder, and say in a line where it is (as `shown` says it) or why there is none."""
    try:
        return [f"Report: {shown(write_page(report_of(results), results / NAME))}"]
    except ParabenchError as error:
        return [f"No report: {error}"]
    except Exception as error:  # a defect of the page must not hide the session that was stored before
        return [f"No report: {type(error).__name__}: {error}; 'parabench report' shows where"]
