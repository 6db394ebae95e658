"""`parabench advise` and `parabench.advise`: what they ask, and what they answer with."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import parabench
from parabench.advise.advice import Advice, Calls, Warned
from parabench.advise.request import Request
from parabench.cli import advise as verb
from parabench.errors import ItemsUnusable, SetupUnusable, TargetUnusable

JOBS = (
    "def work(item):\n    return item\nasync def work_async(item):\n    return item\ndef opened():\n    return None\n"
)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Request]]:
    """Requests that would be run, in a folder with a module `jobs_of_cli`."""
    (tmp_path / "jobs_of_cli.py").write_text(JOBS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    requests: list[Request] = []

    def advise_on(request: Request) -> Advice:
        requests.append(request)
        return Advice(function="work", items=3, calls=Calls(9, 3), warnings=(Warned("not-run", "it is a test"),))

    monkeypatch.setattr(verb, "advise_on", advise_on)
    monkeypatch.setattr("parabench.advise.python.advise_on", advise_on)
    yield requests
    sys.modules.pop("jobs_of_cli", None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        verb.advise_command, ["jobs_of_cli.py:work", "--items", "range(3)", *arguments], catch_exceptions=False
    )


def test_what_is_said_is_what_is_asked_for(asked: list[Request]) -> None:
    options = ("--idempotent", "--budget", "7", "--call-timeout", "2", "--most-in-flight", "5", "--seed", "3")
    more = (
        "--async-twin",
        "jobs_of_cli:work_async",
        "--setup",
        "jobs_of_cli.py:opened",
        "--save",
        "--on-busy",
        "refuse",
    )
    run(*options, *more)
    (request,) = asked
    assert (request.target.reference, request.items, request.items_text) == ("jobs_of_cli:work", [0, 1, 2], "range(3)")
    assert request.twin is not None
    assert (request.twin.reference, request.setup) == ("jobs_of_cli:work_async", "jobs_of_cli:opened")
    assert (request.budget_seconds, request.call_timeout_seconds, request.most_in_flight) == (7.0, 2.0, 5)
    assert (request.each_once, request.save, request.on_busy, request.seed) == (False, Path("results"), "refuse", 3)


@pytest.mark.parametrize(
    ("options", "each_once", "each_once_asked"),
    [((), True, False), (("--once-per-item",), True, True), (("--idempotent",), False, False)],
)
def test_no_item_is_run_twice_unless_that_is_said(
    asked: list[Request], options: tuple[str, ...], each_once: bool, each_once_asked: bool
) -> None:
    run(*options)
    assert (asked[0].each_once, asked[0].each_once_asked) == (each_once, each_once_asked)


@pytest.mark.parametrize(("answer", "each_once"), [("y", False), ("n", True)])
def test_the_terminal_is_asked(
    asked: list[Request], monkeypatch: pytest.MonkeyPatch, answer: str, each_once: bool
) -> None:
    monkeypatch.setattr(verb, "_is_terminal", lambda: True)
    done = CliRunner().invoke(verb.advise_command, ["jobs_of_cli.py:work", "--items", "range(3)"], input=answer)
    assert "work is going to run at most 3,400 times, many times on each item. Is that all right?" in done.output
    assert asked[0].each_once is each_once


def test_both_at_once_are_a_contradiction(asked: list[Request]) -> None:
    done = run("--idempotent", "--once-per-item")
    assert done.exit_code == 2
    assert "--idempotent and --once-per-item contradict each other" in done.output


def test_json_is_all_that_is_printed_then(asked: list[Request]) -> None:
    done = run("--format", "json")
    told = json.loads(done.stdout)
    assert (told["use"], told["calls"]) == (None, {"promised": 9, "made": 3})
    assert done.exit_code == 1  # nothing can be recommended


def test_what_cannot_be_used_is_refused_before_anything_runs(asked: list[Request]) -> None:
    with pytest.raises(ItemsUnusable, match="there are no items in it"):
        run("--items", "[]")
    with pytest.raises(TargetUnusable, match="it is no coroutine function, as a twin has to be; use async def"):
        run("--async-twin", "jobs_of_cli:work")
    with pytest.raises(SetupUnusable, match="--setup jobs_of_cli:missing cannot be used"):
        run("--setup", "jobs_of_cli:missing")
    assert not asked


def test_the_same_from_python(asked: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    import jobs_of_cli as jobs

    advice = parabench.advise(jobs.work, range(3), idempotent=True, setup=jobs.opened, budget=5)
    assert isinstance(advice, Advice)
    (request,) = asked
    assert (request.target.function, request.items, request.items_text) == (jobs.work, [0, 1, 2], "range(0, 3)")
    assert (request.each_once, request.setup, request.budget_seconds) == (False, "jobs_of_cli:opened", 5)
    with pytest.raises(TargetUnusable, match="a lambda, a function within a function"):
        parabench.advise(lambda item: item, range(3))
    with pytest.raises(AttributeError, match="module 'parabench' has no attribute 'advice'"):
        parabench.advice  # noqa: B018
