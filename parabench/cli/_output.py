"""The one way by which verbs write to the terminal, and ask there."""

from __future__ import annotations

import click

from parabench.report.foreign_text import for_terminal


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write a text that may quote files, servers and libraries."""
    click.echo(for_terminal(text), err=err, nl=nl)


def confirm(question: str, *, err: bool = False) -> bool:
    """Ask whether to go on; what is asked may quote them, too."""
    return click.confirm(for_terminal(question), err=err)


def show(rendered: str) -> None:
    """Write what `parabench.report` has rendered, colours included: it has made harmless what it quotes."""
    click.echo(rendered, nl=False)
