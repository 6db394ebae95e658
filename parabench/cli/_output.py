"""The one way by which verbs write to the terminal."""

from __future__ import annotations

import click

from parabench.report.foreign_text import for_terminal


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write a text that may quote files, servers and libraries."""
    click.echo(for_terminal(text), err=err, nl=nl)


def show(rendered: str) -> None:
    """Write what `parabench.report` has rendered, colours included: it has made harmless what it quotes."""
    click.echo(rendered, nl=False)
