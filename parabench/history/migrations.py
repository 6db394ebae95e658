"""Sessions of earlier formats, brought to the present one step at a time; the files stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from parabench.history.format_1 import fields_for_ids

#: What parabench adds to a session: its top-level object, and the `extra_info` of each cell's benchmark.
Additions = tuple[dict[str, Any], list[dict[str, Any]]]
#: Takes the additions of format n to those of format n + 1. It is given fresh copies that it may change, the list keeps
#: its length and order, and `format` is set for it. A file may be damaged: what a step raises is told with the file.
Step = Callable[[dict[str, Any], list[dict[str, Any]]], Additions]

#: `MIGRATIONS[0]` leads from format 1 to 2, and so on. No step is ever removed: files of every format are out there.
MIGRATIONS: tuple[Step, ...] = (fields_for_ids,)


class StepFailed(ValueError):
    """A step that could not take a file to the next format; becomes the cause in HistoryUnreadable."""

    def __init__(self, format_before: int, error: Exception) -> None:
        what = f"it could not be brought from format {format_before} to {format_before + 1}"
        super().__init__(f"{what}: {type(error).__name__}: {error}")


def latest_format(steps: Sequence[Step]) -> int:
    """The format that a chain of steps leads to."""
    return len(steps) + 1


def migrate(session: dict[str, Any], cells: list[dict[str, Any]], steps: Sequence[Step]) -> Additions:
    """The additions of a session in the latest format.

    `session` is the top-level object, whose `format` is a whole number from 1 to the latest; `cells` are the
    `extra_info` of its cells. Raises StepFailed if a step raises anything.
    """
    for number in range(session["format"], latest_format(steps)):
        try:
            session, cells = steps[number - 1](session, cells)
        except Exception as error:
            raise StepFailed(number, error) from error
        session["format"] = number + 1
    return session, cells
