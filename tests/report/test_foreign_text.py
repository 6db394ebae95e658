"""What others wrote, where it is shown: no control characters, no structure, no links, no mentions."""

from __future__ import annotations

import ast
import datetime as dt
import logging
import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.table import Table
from rich.text import Text

import parabench.cli
from parabench.analyse.change_points import change_points
from parabench.analyse.verdict import NOT_COMPARABLE, SLOWER, CellVerdict
from parabench.cli._output import confirm
from parabench.compare.comparison import Comparison
from parabench.compare.series import CellHistory, Point
from parabench.errors import PlanDiffers
from parabench.plugin import session_hooks
from parabench.plugin.refusal import refused
from parabench.records import Cell, CellRecord
from parabench.report.comparison_table import as_markdown, as_table
from parabench.report.foreign_text import for_markdown, for_terminal, one_line
from parabench.report.rendering import render
from parabench.report.series_text import details, line
from parabench.report.terminal import progress_line, summary

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "\x9b2J",
    "a\rb\x08\x7f",
    "one\n\n# heading\n\n- item",
    "\u202egnp.exe\u2066",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "`` `code` ``` ",
    "a\\`b\\",
    "a | b \\| c \\\\| d",
    "<img src=x onerror=alert(1)>",
    "</details><script>",
    "@octocat and @org/team",
    "#1 GH-1 octo/repo#1",
    "[click](https://evil.example) <https://evil.example> https://evil.example www.evil.example me@evil.example",
    "![pixel](https://evil.example/pixel.png)",
    "| --- |",
    "***bold*** ~~gone~~ $`x`$",
    "&lt;b&gt; &#64;octocat",
    "\ud800",
    "",
    " \t ",
]
foreign = st.one_of(st.sampled_from(HOSTILE), st.text(), st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join))


def is_seen(text: str) -> bool:
    return all(unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in text)


@given(foreign)
def test_a_terminal_gets_lines_of_visible_characters(text: str) -> None:
    shown = for_terminal(text)
    assert is_seen(shown.replace("\n", ""))
    assert shown.count("\n") == text.count("\n")
    assert for_terminal(shown) == shown
    assert is_seen(one_line(text))
    shown.encode()


def test_what_is_not_shown_as_itself_is_shown_as_its_escape() -> None:
    assert for_terminal("plain, 10 µs\nnext") == "plain, 10 µs\nnext"
    assert for_terminal("a\x1b[31m\u202e\ud800\tb") == "a\\x1b[31m\\u202e\\ud800 b"
    assert one_line(" a\n\r b ") == "a b"


def comparison(cell: str, reason: str, note: str) -> Comparison:
    verdicts = tuple(
        CellVerdict(cell=cell, verdict=verdict, sessions_base=1, sessions_new=1, reason=reason)
        for verdict in (SLOWER, NOT_COMPARABLE)
    )
    return Comparison(verdicts=verdicts, base=(), new=(), threshold=0.05, notes=(note,))


def structure(markdown: str) -> list[tuple[str, str]]:
    """Every token of a document but the text in code spans."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    flat = [inner for token in tokens for inner in [token, *(token.children or [])] if inner.type != "inline"]
    return [(token.type, "" if token.type == "code_inline" else token.content) for token in flat]


@given(foreign, foreign, foreign, foreign)
def test_a_pull_request_gets_the_same_structure_whatever_the_text(cell: str, reason: str, note: str, side: str) -> None:
    text = as_markdown(comparison(cell, reason, note), base=side, new=side)
    plain = as_markdown(comparison("cell", "reason", "note"), base="side", new="side")
    assert structure(text) == structure(plain)
    assert is_seen(text.replace("\n", ""))
    assert re.sub(r"`[^`]*`", "", text) == re.sub(r"`[^`]*`", "", plain), "all of it is in code spans"


def test_the_text_of_a_code_span_can_be_read() -> None:
    assert for_markdown("count-primes-medium") == "`count-primes-medium`"
    assert for_markdown("a`b|c\n d") == "`a'b¦c d`"
    assert for_markdown(" ") == "`-`"


@given(foreign, foreign, foreign)
def test_a_comparison_on_a_terminal_has_no_control_character(cell: str, reason: str, note: str) -> None:
    text = as_table(comparison(cell, reason, note), width=80, colour=False, everything=True)
    assert is_seen(text.replace("\n", ""))
    rows = text.splitlines()
    assert sum(row.split()[:1] == ["cell"] for row in rows) >= 1
    assert is_seen(
        re.sub(
            r"\x1b\[[0-9;]*m", "", as_table(comparison(cell, reason, note), width=80, colour=True, everything=True)
        ).replace("\n", "")
    )


@given(foreign, foreign, foreign)
def test_a_history_has_no_control_character_and_no_lines_of_others(cell: str, machine: str, commit: str) -> None:
    points = [Point(number=1, commit=commit, moment=dt.datetime.now(dt.UTC), amount=1.0)] * 3
    series = change_points([1.0] * 3, threshold=0.05)
    history = CellHistory(cell=cell, machine_id=machine, points=points, series=series, others=0)
    for text, lines in ((line(history, encoding="utf-8"), 1), (details(history, encoding="utf-8"), 3)):
        assert is_seen(text.replace("\n", ""))
        assert len(text.split("\n")) == lines


@given(foreign, foreign)
def test_what_is_rendered_keeps_its_own_colours_only(text: str, other: str) -> None:
    table = Table(text or "column")
    table.add_row(other)
    rendered = render([Text(text, style="red"), table], width=80, colour=True)
    assert is_seen(re.sub(r"\x1b\[[0-9;]*m", "", rendered).replace("\n", ""))
    assert is_seen(render([Text(text), table], width=80, colour=False).replace("\n", ""))


@given(foreign, foreign)
def test_failures_and_notes_at_the_end_of_a_session_are_harmless(failure: str, note: str) -> None:
    cell = Cell(workload="mine", model="sequential", workers=1, kind="custom", size="small")
    record = CellRecord(cell)
    record.failure = f"x{failure}"
    text = summary([], [record], notes=[note], width=80, colour=False)
    assert is_seen(text.replace("\n", ""))


#: Calls that write for people.
WRITING = re.compile(
    r"print|sys\.std(out|err)\.write|sys\.exit|os\.write|.*terminal\w*\.(write\w*|section|line)|.*logger\.\w+|.*\.warn|"
    r"click\.(s?echo|confirm|prompt|pause)|pytest\.(UsageError|exit|fail|skip|mark\.skip)|(?<!click\.)UsageError"
)
#: What gives harmless text: all but the first two render, and are tested in this file.
HARMLESS = {"for_terminal", "one_line", "summary", "crossings_table", "as_table", "progress_line"}
#: Writes what has been rendered, colours included.
RENDERED = "click.echo(rendered, nl=False)"


class Holes(ast.NodeVisitor):
    """Calls that write what others may have written as it is."""

    def __init__(self, source: str) -> None:
        self.found: list[str] = []
        self._values: dict[str, ast.expr] = {}
        self.visit(ast.parse(source))

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Name):
            self._values.setdefault(node.targets[0].id, node.value)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outside, self._values = self._values, {}
        self.generic_visit(node)
        self._values = outside

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if WRITING.fullmatch(name):
            told = node.args[name == "os.write" :] + [k.value for k in node.keywords if k.arg in {"reason", "msg"}]
            if name == "sys.exit":  # a status, or a text
                told = [text for text in told if isinstance(text, ast.JoinedStr)]
            if not all(map(self._is_harmless, told)):
                self.found.append(ast.unparse(node))
        self.generic_visit(node)

    def _is_harmless(self, node: ast.expr) -> bool:
        parts: list[ast.expr] = []
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self._values and self._is_harmless(self._values[name])
            case ast.Call(func=ast.Name(id=name)):
                return name in HARMLESS
            case ast.JoinedStr(values=parts):
                pass
            case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
                parts = [one, other]
            case ast.FormattedValue(value=one) | ast.Call(func=ast.Attribute(value=one, attr="encode")):
                parts = [one]
        return bool(parts) and all(map(self._is_harmless, parts))


def test_holes_are_found() -> None:
    source = """
def harmless(error):
    text = for_terminal(str(error))
    click.echo(text, err=True)
    os.write(1, (text + ("\\n" if text else "")).encode())
    self.pipe.write(error)
def not_harmless(error):
    text = str(error)
    click.confirm(f"{error}?")
    raise pytest.UsageError(str(error))
    sys.stderr.write(text)
    self._terminal.write_line(text)
    benchmarks.logger.warning(f"{one_line(error)}: {error}")
"""
    assert len(Holes(source).found) == 5


def test_verbs_write_through_the_one_place_that_makes_text_harmless() -> None:
    """So do the plugin, the workers of queues, and the installation: there is no hole beside it."""
    package = Path(parabench.cli.__file__).parents[1]
    for room in ("cli", "plugin", "queues", "run"):
        for path in sorted((package / room).glob("*.py")):
            source = path.read_text()
            assert set(Holes(source).found) <= {RENDERED}, path
            if room == "cli" and path.name != "_output.py":
                direct = re.search(r"click\.(s?echo|confirm|prompt)|print\(", source)
                assert not direct, f"{path}: use parabench.cli._output"


@given(foreign)
def test_what_the_plugin_refuses_notes_and_counts_is_harmless(text: str) -> None:
    assert is_seen(str(refused(PlanDiffers([f"options: {text}"]))).replace("\n", ""))
    assert is_seen(progress_line(0.5, 1.0, None, text))
    config = SimpleNamespace(stash=pytest.Stash())
    config.stash[session_hooks.NOTES] = [text]
    assert is_seen(
        "".join(session_hooks.pytest_report_collectionfinish(cast("pytest.Config", config))).replace("\n", "")
    )


def test_the_machine_of_a_stored_file_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    there = {"parabench": {"machine_id": "a\x1b[31m\nb"}, "machine_info": {"node": "there"}}
    hook = session_hooks.pytest_benchmark_compare_machine_info(SimpleNamespace(logger=logging.getLogger()), {}, there)
    next(hook)
    assert caplog.messages == ["compared with a session of another fingerprint: a\\x1b[31m b"]


def test_a_question_of_the_command_line_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda text, err: bool(asked.append(text)))
    confirm("give up \x1b[2J?")
    assert asked == ["give up \\x1b[2J?"]


def test_an_error_of_the_command_line_is_harmless(capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("sys.argv", ["parabench", "worker", "a\x1b[31mb\u202e", "--workloads-dir", str(tmp_path)])
    with pytest.raises(SystemExit):
        parabench.cli.main()
    assert "'a\\x1b[31mb\\u202e'" in capsys.readouterr().err
