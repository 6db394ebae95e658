"""What others wrote, where it is shown: no control characters, no structure, no links, no mentions."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.table import Table
from rich.text import Text

import parabench.cli
from parabench.analyse.change_points import change_points
from parabench.analyse.verdict import NOT_COMPARABLE, SLOWER, CellVerdict
from parabench.compare.comparison import Comparison
from parabench.compare.series import CellHistory, Point
from parabench.records import Cell, CellRecord
from parabench.report.comparison_table import as_markdown, as_table
from parabench.report.foreign_text import for_markdown, for_terminal, one_line
from parabench.report.rendering import render
from parabench.report.series_text import details, line
from parabench.report.terminal import summary

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


def test_verbs_write_through_the_one_place_that_makes_text_harmless() -> None:
    folder = Path(parabench.cli.__file__).parent
    writing = [path.name for path in folder.glob("*.py") if re.search(r"click\.s?echo|print\(", path.read_text())]
    assert writing == ["_output.py"], "use parabench.cli._output.echo, or show for what parabench.report has rendered"


def test_an_error_of_the_command_line_is_harmless(capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("sys.argv", ["parabench", "worker", "a\x1b[31mb\u202e", "--workloads-dir", str(tmp_path)])
    with pytest.raises(SystemExit):
        parabench.cli.main()
    assert "'a\\x1b[31mb\\u202e'" in capsys.readouterr().err
