"""`parabench advise` and `parabench.advise`: what they ask, and what they answer with."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

import parabench
from parabench.advise import record
from parabench.advise.advice import Advice, Calls, Cause, RuledOut, Standing, Warned
from parabench.advise.request import Request
from parabench.cli import advise as verb
from parabench.errors import ItemsTooFew, ItemsUnusable, SetupUnusable, TargetUnusable
from parabench.run import advising
from parabench.run.interpreter_names import Interpreter
from parabench.session.answers import Choice

JOBS = (
    "def work(item):\n    return item\nasync def work_async(item):\n    return item\ndef opened():\n    return None\n"
)
NOTHING = Advice(function="work", items=3, calls=Calls(9, 3))


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
    assert request.setup is not None
    assert (request.twin.reference, request.setup.reference) == ("jobs_of_cli:work_async", "jobs_of_cli:opened")
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
    assert request.setup is not None
    assert (request.each_once, request.setup.function, request.budget_seconds) == (False, jobs.opened, 5)
    for items, text in (((n for n in (1, 2)), "[1, 2]"), ({3: "a"}.keys(), "[3]"), (range(10, 300), "range(10, 300)")):
        parabench.advise(jobs.work, items)
        assert asked[-1].items_text == text
    parabench.advise(jobs.work, ["x" * 300])
    assert asked[-1].items_text == "...  # your items"
    with pytest.raises(TargetUnusable, match="a lambda, a function within a function"):
        parabench.advise(lambda item: item, range(3))
    with pytest.raises(AttributeError, match="module 'parabench' has no attribute 'advice'"):
        parabench.advice  # noqa: B018


def test_several_interpreters_give_one_table(asked: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def advise_under(names, request, root, requirements, say):
        given.append((tuple(names), [Path(part).name for part in requirements]))
        use = Choice("threads", "thread-pool", 2, "1")
        plain = Advice(function="work", items=3, calls=Calls(9, 3), use=use, speedup=1.5, seconds_per_1000=4.0)
        return {"3.14": plain, "3.14t": replace(plain, speedup=1.9, seconds_per_1000=2.0)}

    monkeypatch.setattr(verb, "advise_under", advise_under)
    options = ("--python", "3.14", "--python", "3.14t", "--with", "requirements.txt")
    text = run(*options).stdout
    assert text.splitlines()[:5] == [
        "interpreter  use                             speed-up  1,000 calls",
        "3.14         threads: ThreadPoolExecutor(2)  1.50x     4.0 s",
        "3.14t        threads: ThreadPoolExecutor(2)  1.90x     2.0 s",
        "",
        "3.14t: 2.00x as quick as 3.14",
    ]
    assert given == [(("3.14", "3.14t"), ["-r", "requirements.txt"])]
    told = json.loads(run(*options, "--format", "json").stdout)
    assert (told["best"], set(told["interpreters"])) == ("3.14t", {"3.14", "3.14t"})
    assert not asked


@pytest.fixture
def under(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What each of two interpreters is asked, in place of asking it."""
    requests: list[Request] = []

    def ask(python: Path, label: str, variables: dict[str, str], request: Request) -> Advice:
        requests.append(request)
        use = Choice("threads", "thread-pool", 2, "1")
        return Advice(function="work", items=3, calls=Calls(9, 3), use=use, warnings=(Warned("predicted-only", "it"),))

    def found(names: Sequence[str]) -> list[Interpreter]:
        return [Interpreter(label=name, executable="python", description=name) for name in names]

    monkeypatch.setattr(advising, "find_interpreters", found)
    monkeypatch.setattr(advising, "environment_for", lambda *_: Path("python"))
    monkeypatch.setattr(advising, "_ask", ask)
    return requests


PYTHONS = ("--python", "3.13", "--python", "3.14")


def test_items_that_may_run_once_are_dealt_out_among_interpreters(under: list[Request], asked: list[Request]) -> None:
    said = run(*PYTHONS, "--once-per-item").stderr
    assert [list(request.items) for request in under] == [[0, 2], [1]]
    assert "runs work at most 3 times, under all interpreters together" in said
    with pytest.raises(ItemsTooFew, match="3 items that may run once cannot be dealt out among 4 interpreters"):
        run(*PYTHONS, "--python", "3.15", "--python", "3.14t", "--once-per-item")
    assert not asked


def test_what_is_only_predicted_is_shown_for_an_interpreter(under: list[Request], asked: list[Request]) -> None:
    done = run(*PYTHONS, "--idempotent")
    assert done.exit_code == 0
    assert "use   threads" in done.stdout


@pytest.mark.parametrize("option", [["--save"], ["--workload", "file.py"]])
def test_what_is_written_is_of_this_interpreter(under: list[Request], asked: list[Request], option: list[str]) -> None:
    done = run(*PYTHONS, "--idempotent", *option)
    assert (done.exit_code, under) == (2, [])
    assert "leave --python out" in done.stderr


def test_a_setup_crosses_with_the_folder_it_is_in(
    asked: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "db_of_cli.py").write_text("def connect(): ...\n")
    run("--setup", "conf/db_of_cli.py:connect")
    question = json.dumps(record.asked(asked[0]))
    sys.modules.pop("db_of_cli")
    monkeypatch.setattr(sys, "path", [part for part in sys.path if part != str(tmp_path / "conf")])
    monkeypatch.setattr("sys.stdin", io.StringIO(question))
    monkeypatch.setattr(record, "advise_on", lambda request: asked.append(request) or replace(NOTHING))
    record.main()
    sys.modules.pop("db_of_cli", None)
    there = asked[-1].setup
    assert there is not None
    assert (there.reference, there.root) == ("db_of_cli:connect", tmp_path / "conf")


def test_an_advice_crosses_to_another_interpreter_and_back(asked: list[Request]) -> None:
    run("--async-twin", "jobs_of_cli:work_async", "--idempotent", "--seed", "4")
    question = json.loads(json.dumps(record.asked(asked[0])))
    assert question["target"][0] == "jobs_of_cli:work"
    assert question["twin"][0] == "jobs_of_cli:work_async"
    assert (question["items"], question["options"]["seed"], question["options"]["each_once"]) == ([0, 1, 2], 4, False)
    use = Choice("threads", "thread-pool", 2, "1")
    advice = Advice(
        function="work",
        items=3,
        use=use,
        equals=(use,),
        following=(Standing(use, 1.0),),
        ruled_out=(RuledOut("a", "b"),),
        causes=(Cause("gil", "text"),),
        warnings=(Warned("kind", "text"),),
        calls=Calls(9, 3),
        otherwise=("more",),
    )
    assert record.answered(json.loads(json.dumps(asdict(advice)))) == advice


def test_a_cell_of_a_notebook_is_written_to_a_module(asked: list[Request], capsys: pytest.CaptureFixture[str]) -> None:
    class Shell:
        magics: ClassVar[dict[str, Any]] = {}

        def register_magic_function(self, function: Any, magic_kind: str, magic_name: str) -> None:
            self.magics[f"{magic_kind} {magic_name}"] = function

    shell = Shell()
    parabench.load_ipython_extension(shell)
    shell.magics["cell advise"]("double --items 'range(4)' --idempotent", "def double(item):\n    return 2 * item\n")
    (request,) = asked
    assert (request.target.function(4), request.items, request.each_once) == (8, [0, 1, 2, 3], False)
    assert request.target.root is not None
    assert (request.target.root / f"{request.target.module}.py").is_file()
    shell.magics["cell advise"]("missing --items [1]", "def double(item): ...\n")
    assert "has no 'missing'; functions there are: double" in capsys.readouterr().err


def test_a_cell_is_advised_on_in_the_shell_of_notebooks(
    asked: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "parabench")
        done = shell.run_cell(
            "%%advise double --items 'range(4)' --idempotent\ndef double(item):\n    return 2 * item\n"
        )
    finally:
        shell.history_manager.enabled = False
        shells.InteractiveShell.clear_instance()
    assert done.success, done.error_in_exec
    (request,) = asked
    assert (request.target.function(4), request.items, request.each_once) == (8, [0, 1, 2, 3], False)
