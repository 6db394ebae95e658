"""Cells that fail alike are told once, with their number: an experiment of 30 cells has one mistake, not 30."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from parabench.errors import listed
from parabench.report.foreign_text import for_terminal

#: Failed reports of cells, with the cell's id.
FAILED = pytest.StashKey[list[tuple[str, pytest.TestReport]]]()
#: Attribute that the terminal reporter looks at: such a report is counted, and not printed at length.
_TOLD = "_pdbshown"


def note(config: pytest.Config, cell: str, reports: Iterable[pytest.TestReport]) -> None:
    """Take note of what failed of a cell."""
    config.stash.setdefault(FAILED, []).extend((cell, report) for report in reports if report.failed)


def tell_each_once(config: pytest.Config) -> None:
    """Have the terminal print each failure once, and before it how many cells it is of, and which."""
    alike: dict[str, list[tuple[str, pytest.TestReport]]] = {}
    for cell, report in config.stash.get(FAILED, []):
        alike.setdefault(_kind(report.longreprtext), []).append((cell, report))
    for group in alike.values():
        (_, first), *others = group
        if others:
            cells = for_terminal(listed(cell for cell, _ in group))
            first.longrepr = f"{len(group)} cells fail like this: {cells}\n{first.longreprtext}"
            for _, report in others:
                setattr(report, _TOLD, True)


def _kind(text: str) -> str:
    """What failures of several cells have in common: all but cells' names, numbers, and who called the task."""
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    return re.sub(r"cell \S+|\d+", "#", "\n".join(lines))
