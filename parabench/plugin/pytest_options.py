"""The options of an experiment as options of pytest, each also as an ini option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parabench.session.option_table import OPTIONS, Entry
from parabench.session.options import Given, Options, read_options


def add_options(parser: pytest.Parser) -> None:
    """Add every option, and its ini twin `parabench_<name>`, to a pytest parser."""
    group = parser.getgroup("parabench", "parabench: concurrency models compared")
    for entry in OPTIONS:
        flags = [entry.flag, *filter(None, [entry.alias])]
        described = f"{entry.help}" + (f" (default: {entry.default})" if entry.default else "")
        if entry.metavar is None:
            group.addoption(*flags, action="store_const", const="1", default=None, dest=entry.ini, help=described)
        else:
            group.addoption(*flags, metavar=entry.metavar, default=None, dest=entry.ini, help=described)
        parser.addini(entry.ini, help=f"The same as {entry.flag}", default=entry.default)


def options_of(config: pytest.Config, adopted: dict[str, Any] | None = None) -> Options:
    """The checked options of a pytest run: command line before ini before default. Raises InvalidOption."""
    return read_options({entry.field: _given(config, entry) for entry in OPTIONS}, Path(config.rootpath), adopted)


def _given(config: pytest.Config, entry: Entry) -> Given:
    name = entry.ini
    text = config.getoption(name)
    if text is not None:
        return Given(text, entry.flag, explicit=True)
    return Given(str(config.getini(name)), f"the ini option {name}", explicit=False)
