"""How an option is called where a message is read: pytest has long names, and short ones where a project asks for them.

Messages are worded with the short names, which the command line always has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Begins every option that pytest is given.
LONG_PREFIX = "--parabench-"
#: Tells the processes of cells which names their session was given.
LONG_NAMES_VARIABLE = "PARABENCH_LONG_NAMES"
_long_names = LONG_NAMES_VARIABLE in os.environ


def long_name(option: str) -> str:
    """The name that an option has everywhere: `--parabench-models` for `--models`."""
    return LONG_PREFIX + option.removeprefix("--")


def spelled(option: str) -> str:
    """The name of `--models` that works in this session."""
    return long_name(option) if _long_names else option


@contextmanager
def long_names(*, used: bool) -> Iterator[None]:
    """Spell options in full, or not, until the end."""
    global _long_names
    before, _long_names = _long_names, used
    try:
        yield
    finally:
        _long_names = before


def variables_of_cells() -> dict[str, str]:
    """What a process that is started for this session has to be told to spell alike."""
    return {LONG_NAMES_VARIABLE: "1"} if _long_names else {}
