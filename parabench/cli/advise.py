"""`parabench advise`: the answer for one function of somebody's own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from parabench.advise.advisor import advise_on
from parabench.advise.items import read_items
from parabench.advise.ledger import calls_most
from parabench.advise.request import BUDGET_SECONDS, Request
from parabench.advise.snippet import items_expression
from parabench.advise.target import setup_of, target_of, twin_of
from parabench.cli._output import confirm, echo
from parabench.cli._parameters import OneOf, results_option
from parabench.measure.lock import POLICIES
from parabench.report.advice_table import advice_table, best_of
from parabench.report.advice_text import advice_text
from parabench.run.advising import advise_under

_SECONDS = click.FloatRange(min=0, min_open=True)


@click.command("advise", epilog="Example: parabench advise jobs.py:resize --items 'range(200)' --budget 60")
@click.argument("target")
@click.option(
    "--items",
    required=True,
    metavar="ITEMS",
    help="A file (.json, .jsonl, .csv), a literal or range, or a factory module:function.",
)
@click.option("--idempotent", is_flag=True, help="The function may run again on an item that it has had.")
@click.option("--once-per-item", is_flag=True, help="It may not: items are dealt out between contestants.")
@click.option("--async-twin", metavar="TARGET", help="A coroutine function that does the same.")
@click.option("--setup", metavar="MODULE:FUNCTION", help="Called once a worker; what it gives is the second argument.")
@click.option(
    "--budget", type=click.FloatRange(min=1), default=BUDGET_SECONDS, show_default=True, help="Seconds to stop after."
)
@click.option("--call-timeout", type=_SECONDS, metavar="SECONDS", help="A call that takes longer never returns.")
@click.option(
    "--most-in-flight",
    type=click.IntRange(min=1),
    metavar="N",
    help="Calls at once at most. Default: 32 where a foreign host is reached, 128 where not.",
)
@click.option("--save", is_flag=True, help="Keep the session in the folder of --results, like any other.")
@results_option
@click.option(
    "--workload",
    "workload_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a file for a workloads folder, to go on with.",
)
@click.option("--on-busy", type=OneOf(POLICIES), default="wait", show_default=True)
@click.option("--seed", type=int, help="Seed of the orders.")
@click.option(
    "--python",
    "interpreters",
    multiple=True,
    metavar="NAME",
    help="Ask these interpreters, each for the whole budget: 3.13, 3.14t, a path; give it several times.",
)
@click.option(
    "--with", "requirements", multiple=True, metavar="FILE", help="What the function needs there: requirements.txt."
)
@click.option("--format", "form", type=OneOf(["text", "json"]), default="text", show_default=True)
@click.pass_context
def advise_command(context: click.Context, /, target: str, form: str, **given: Any) -> None:
    """Run a function on some items, a few thousand times at most, and say which concurrency model should run it.

    TARGET is file.py:function or package.module:function; it is called with one item at a time.

    Exit status: 0, 1 no model can be recommended, 2 usage.
    """
    request = _request(target, form, given)
    width = min(shutil.get_terminal_size((80, 24)).columns, 120)
    if given["interpreters"]:
        needed = [part for file in given["requirements"] for part in ("-r", str(Path(file).resolve()))]
        several = advise_under(given["interpreters"], request, Path.cwd(), needed, request.say)
        best = best_of(several)
        shown = best or next((name for name, advice in several.items() if advice.use is not None), None)
        if form == "json":
            by_interpreter = {name: advice.as_json() for name, advice in several.items()}
            echo(json.dumps({"best": best, "interpreters": by_interpreter}))
        else:
            echo(advice_table(several, width) + ("\n" + advice_text(several[shown], width) if shown else ""), nl=False)
        context.exit(0 if shown else 1)
    advice = advise_on(request)
    if form == "json":
        echo(json.dumps(advice.as_json(), indent=2))
    else:
        echo(advice_text(advice, width), nl=False)
    if advice.use is None:
        context.exit(1)


def _request(target: str, form: str, given: Mapping[str, Any]) -> Request:
    """What was asked for. Raises UsageError."""
    if given["idempotent"] and given["once_per_item"]:
        raise click.UsageError("--idempotent and --once-per-item contradict each other")
    if given["interpreters"] and (given["save"] or given["workload_file"]):
        raise click.UsageError("--save and --workload are for the interpreter that runs parabench: leave --python out")
    folder = Path.cwd()
    function = target_of(target, folder)
    items = read_items(given["items"], folder)
    runs = max(1, len(given["interpreters"]))
    return Request(
        target=function,
        items=items,
        items_text=items_expression(given["items"]),
        twin=twin_of(given["async_twin"], folder) if given["async_twin"] else None,
        setup=setup_of(given["setup"], folder) if given["setup"] else None,
        budget_seconds=given["budget"],
        call_timeout_seconds=given["call_timeout"],
        most_in_flight=given["most_in_flight"],
        each_once=given["once_per_item"] or not (given["idempotent"] or _agreed(function.dotted, len(items), runs)),
        each_once_asked=given["once_per_item"],
        save=given["results"] if given["save"] else None,
        workload_file=given["workload_file"],
        on_busy=given["on_busy"],
        seed=given["seed"],
        say=lambda line: echo(f"parabench: {line}", err=True) if form == "text" else None,
    )


def _agreed(name: str, items: int, interpreters: int) -> bool:
    """Whether somebody at the terminal lets the function run again on items that it has had."""
    if not _is_terminal():
        return False
    most = interpreters * calls_most(items, each_once=False)
    return confirm(
        f"{name} is going to run at most {most:,} times, many times on each item. Is that all right? "
        "(no: once on each item)",
        err=True,
    )


def _is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
