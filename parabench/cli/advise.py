"""`parabench advise`: the answer for one function of somebody's own."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click

from parabench.advise.advisor import advise_on
from parabench.advise.items import read_items
from parabench.advise.request import BUDGET_SECONDS, Request
from parabench.advise.snippet import items_expression
from parabench.advise.target import target_of
from parabench.cli._output import echo
from parabench.report.advice_text import advice_text


@click.command("advise", epilog="Example: parabench advise jobs.py:resize --items 'range(200)' --budget 60")
@click.argument("target")
@click.option(
    "--items",
    required=True,
    metavar="ITEMS",
    help="A file (.json, .jsonl, .csv), a literal or range, or a factory module:function.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=1),
    default=BUDGET_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Stop when this time is spent.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def advise_command(target: str, items: str, budget: float, form: str) -> None:
    """Run a function a few hundred times, and say which concurrency model should run it.

    TARGET is file.py:function or package.module:function; it is called with one item at a time.
    """
    folder = Path.cwd()
    found = target_of(target, folder)
    listed = read_items(items, folder)
    advice = advise_on(
        Request(
            target=found,
            items=listed,
            items_text=items_expression(items),
            budget_seconds=budget,
            say=lambda line: echo(f"parabench: {line}", err=True) if form == "text" else None,
        )
    )
    if form == "json":
        echo(json.dumps(advice.as_json(), indent=2))
    else:
        echo(advice_text(advice, min(shutil.get_terminal_size((80, 24)).columns, 120)), nl=False)
    if advice.use is None:
        sys.exit(1)
