"""The page of the command line, from the commands themselves: what each is for, how it is called, its options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import click

from parabench.cli import cli

INTRODUCTION = """\
# Command line

This page says what `parabench` takes, verb by verb, as `parabench VERB --help` does; `parabench --version` says which
version it is. A verb that reads stored sessions takes `--results DIR`. Verbs find the project as pytest does: from any
folder in it, by its `pytest.ini`, `pyproject.toml` or the like.

The shell completes verbs, options, and names of models, workloads and sessions after one of these lines:

    eval "$(_PARABENCH_COMPLETE=bash_source parabench)"    # ~/.bashrc
    eval "$(_PARABENCH_COMPLETE=zsh_source parabench)"     # ~/.zshrc
    _PARABENCH_COMPLETE=fish_source parabench | source     # ~/.config/fish/completions/parabench.fish
"""
_STATUS = re.compile(r"Exit status: (.*?)\.(?:$| [A-Z])")

Table = Callable[[Iterable[str], Iterable[Iterable[str]]], str]


def cli_page(note: str, table: Table) -> str:
    """docs/cli.md."""
    context = click.Context(cli, info_name="parabench")
    sections = [_section(name, cli.get_command(context, name), table) for name in cli.list_commands(context)]
    rows = ((f"`{name}`", _statuses(cli.get_command(context, name))) for name in cli.list_commands(context))
    return "\n".join([note, INTRODUCTION, "## Exit statuses\n", table(("verb", "exit status"), rows), *sections])


def _statuses(command: click.Command | None) -> str:
    """Its exit statuses, which its help has to say."""
    found = _STATUS.search(" ".join((command.help or "").split())) if command else None
    assert found is not None, f"the help of {command} says no 'Exit status: 0, ...'"
    return found[1]


def _section(name: str, command: click.Command | None, table: Table) -> str:
    """A verb: its help, its usage, its options."""
    assert command is not None
    context = click.Context(command, info_name=name, parent=click.Context(cli, info_name="parabench"))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", command.help or "")]
    parts = [f"## {name}\n", f"    {usage}\n", *(f"{_plain(part)}\n" for part in paragraphs)]
    if command.epilog:
        _, _, examples = command.epilog.partition(": ")
        parts.append("".join(f"    {example.strip()}\n" for example in examples.split(" | ")))
    rows = [record for option in command.params if (record := _row(option, context)) is not None]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    return "\n".join(parts)


def _row(option: click.Parameter, context: click.Context) -> list[str] | None:
    """An option with its meaning and default; None for arguments, and what is hidden."""
    record = option.get_help_record(context) if isinstance(option, click.Option) else None
    if record is None:
        return None
    return [f"`{record[0]}`", _plain(" ".join(record[1].split()))]


def _plain(text: str) -> str:
    """Text in which nothing is taken for markup."""
    return re.sub(r"([<>*_\[\]])", r"\\\1", text)
