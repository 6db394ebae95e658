"""Every command line in README and docs is one that exists: its verb, its options, and its make target."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from documented_pages import ROOT, commands

from parabench.cli import cli
from parabench.session.option_table import OPTIONS

#: Options of pytest, of pytest-benchmark and of xdist that pages mention.
OF_PYTEST = {"-m", "-k", "-s", "-q", "-v", "-x", "-p", "-n", "-ra", "--durations", "--durations-min", "--collect-only"}
OF_BENCHMARK = re.compile(r"--benchmark-[a-z-]+")
#: The verb that docs/extending.md adds.
ADDED = "machines"


def test_pages_have_commands_of_each_program():
    assert min(len(commands(program)) for program in ("parabench", "pytest", "make")) >= 3


@pytest.mark.parametrize("line", commands("parabench"))
def test_a_documented_verb_takes_what_the_page_gives_it(line):
    arguments = [word for word in shlex.split(line) if word != "..."]
    if not arguments or arguments[0].startswith(("-", "[")) or "[OPTIONS]" in arguments or arguments[0] == ADDED:
        return
    command = cli.get_command(click.Context(cli), arguments[0])
    assert command is not None, f"there is no 'parabench {arguments[0]}'"
    if arguments[0] == "bench":
        check_pytest(arguments[1:])
        return
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.partition("=")[0] for word in arguments[1:] if re.match(r"--?[a-z]", word)}
    assert given <= known | {"--help", "-h"} or passes_on(command), f"unknown: {sorted(given - known)}"


@pytest.mark.parametrize("line", commands("pytest"))
def test_documented_options_of_pytest_exist(line):
    check_pytest([word for word in shlex.split(line) if word != "..."])


@pytest.mark.parametrize("line", commands("make"))
def test_documented_targets_exist(line):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for word in shlex.split(line):
        assert "=" in word or word in targets, f"make has no '{word}'"


def passes_on(command: click.Command) -> bool:
    """Whether a verb hands unknown options on to pytest."""
    return bool(command.context_settings.get("ignore_unknown_options"))


def check_pytest(arguments: list[str]) -> None:
    """Each option is one of ours, of pytest or of pytest-benchmark."""
    ours = {name for entry in OPTIONS for name in (entry.flag, entry.long_flag, entry.alias) if name}
    for word in arguments:
        name = word.partition("=")[0]
        if re.match(r"--?[a-z]", name):
            assert name in ours | OF_PYTEST or OF_BENCHMARK.fullmatch(name), f"nothing knows {name}"
