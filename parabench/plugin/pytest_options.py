"""The options of an experiment as options of pytest, each also as an ini option.

Many projects have options called --seed or --live, so ours have long names, --parabench-seed. Short ones are added
where a project asks for them in its ini file, which pytest has read before it loads plugins.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parabench.errors import spelled
from parabench.session.option_table import FRONT_END, OPTIONS, SHORT_OPTIONS, Entry

if TYPE_CHECKING:  # every pytest run imports this file
    from parabench.session.options import Given, Options

_FRONT_END_DEST = "parabench_bench"


def add_options(parser: pytest.Parser, config: pytest.Config) -> None:
    """Add every option, and its ini twin `parabench_<name>`, to a pytest parser."""
    group = parser.getgroup("parabench", "parabench: concurrency models compared")
    parser.addini(SHORT_OPTIONS, type="bool", default=False, help="Give the options of parabench short names as well")
    short = config.getini(SHORT_OPTIONS)
    for entry in OPTIONS:
        flags = [entry.long_flag, *filter(None, [entry.flag, entry.alias] if short else [])]
        described = entry.described(short=short) + (f" (default: {entry.default})" if entry.default else "")
        if entry.metavar is None:
            group.addoption(*flags, action="store_const", const="1", default=None, dest=entry.ini, help=described)
        else:
            group.addoption(*flags, metavar=entry.metavar, default=None, dest=entry.ini, help=described)
        parser.addini(entry.ini, help=f"The same as {entry.long_flag}", default=entry.default)
    group.addoption(FRONT_END, action="store_true", dest=_FRONT_END_DEST, help=argparse.SUPPRESS)


def has_short_names(config: pytest.Config) -> bool:
    """Whether whoever started this session can write --models for --parabench-models."""
    return bool(config.getini(SHORT_OPTIONS) or config.getoption(_FRONT_END_DEST))


def is_asked_for(config: pytest.Config) -> bool:
    """Whether this run says anything of our experiments before a test does."""
    if any(config.getoption(entry.ini) is not None for entry in OPTIONS):
        return True
    folder = config.rootpath / config.getini("parabench_workloads_dir")
    return bool(config.getoption("benchmark_compare", None)) and folder.is_dir()


def options_of(config: pytest.Config, adopted: dict[str, Any] | None = None) -> Options:
    """The checked options of a pytest run: command line before ini before default. Raises InvalidOption."""
    from parabench.session.options import read_options

    return read_options({entry.field: _given(config, entry) for entry in OPTIONS}, Path(config.rootpath), adopted)


def _given(config: pytest.Config, entry: Entry) -> Given:
    from parabench.session.options import Given

    name = entry.ini
    text = config.getoption(name)
    if text is not None:
        return Given(text, spelled(entry.flag), explicit=True)
    return Given(str(config.getini(name)), f"the ini option {name}", explicit=False)
