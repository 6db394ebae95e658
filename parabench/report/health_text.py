"""What `parabench doctor` shows: a line for each thing, wrapped to the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from parabench.report.foreign_text import one_line
from parabench.session.health import Finding

_MARKS = {True: "ok", False: "BAD", None: "-"}
_WHAT_WIDTH = 14
_MARK_WIDTH = 4


def health_text(findings: Iterable[Finding], width: int) -> str:
    """The findings as aligned lines of at most so many columns."""
    margin = _WHAT_WIDTH + _MARK_WIDTH
    lines = []
    for finding in findings:
        head = f"{finding.what:<{_WHAT_WIDTH}}{_MARKS[finding.well]:<{_MARK_WIDTH}}"
        lines += textwrap.wrap(
            one_line(finding.detail), width, initial_indent=head, subsequent_indent=" " * margin
        ) or [head]
    return "".join(f"{line.rstrip()}\n" for line in lines)
