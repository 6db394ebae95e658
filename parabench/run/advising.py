"""The same question to several interpreters, each in an environment of its own, one after another."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from parabench.advise.advice import Advice
from parabench.advise.ledger import calls_most
from parabench.advise.record import answered, asked
from parabench.advise.request import Request
from parabench.errors import InterpreterUnusable, ItemsTooFew, describe_exit
from parabench.run.environments import environment_for
from parabench.run.interpreter_names import find_interpreters

#: What an interpreter may take beyond the budget: to start, to measure what is kept afterwards, to end.
SECONDS_BEYOND = 120.0
LINES_SHOWN = 5


def advise_under(
    names: Sequence[str], request: Request, root: Path, requirements: Sequence[str], say: Callable[[str], None]
) -> dict[str, Advice]:
    """An advice for each interpreter, by the name it was asked for by.

    Items that may be run once only are dealt out among them, so that no two run the same one. `requirements` are those
    of the function, as pip takes them, seen from `root`. Raises what finding an interpreter and making its environment
    raise, ItemsTooFew, and InterpreterUnusable when one gives no answer.
    """
    advice: dict[str, Advice] = {}
    interpreters = find_interpreters(names)
    shares = [request.items[place :: len(interpreters)] for place in range(len(interpreters))]
    if request.each_once and not all(shares):
        raise ItemsTooFew(len(request.items), len(interpreters))
    requests = [replace(request, items=share) if request.each_once else request for share in shares]
    most = sum(calls_most(len(part.items), each_once=part.each_once) for part in requests)
    say(f"runs {request.target.dotted} at most {most:,} times, under all interpreters together")
    for interpreter, part in zip(interpreters, requests, strict=True):
        python = environment_for(interpreter, root, requirements, say)
        say(f"asking {interpreter.label} ({interpreter.description})")
        advice[interpreter.label] = _ask(python, interpreter.label, interpreter.environment, part)
    return advice


def _ask(python: Path, label: str, variables: dict[str, str], request: Request) -> Advice:
    seconds = request.budget_seconds + (request.call_timeout_seconds or 60.0) + SECONDS_BEYOND
    try:
        done = subprocess.run(
            [str(python), "-m", "parabench.advise.record"],
            input=json.dumps(asked(request)),
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise InterpreterUnusable(label, f"it gave no advice within {seconds:.0f} s") from None
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-LINES_SHOWN:])
        raise InterpreterUnusable(label, f"it gave no advice, and ended with {describe_exit(done.returncode)}: {last}")
    return answered(json.loads(done.stdout.splitlines()[-1]))
