"""A comparison of sessions as a table, as Markdown for a pull request, or as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from parabench.analyse.verdict import FASTER, NOT_COMPARABLE, SAME, SLOWER, UNSURE, CellVerdict
from parabench.compare.comparison import Comparison
from parabench.compare.witness import decided_by_cpu
from parabench.records import CellId
from parabench.report.foreign_text import for_markdown, one_line
from parabench.report.quantities import UNITS
from parabench.report.sparkline import sparklines

#: What matters first.
ORDER = (SLOWER, FASTER, UNSURE, SAME, NOT_COMPARABLE)
_STYLES = {SLOWER: "bold red", FASTER: "bold green", UNSURE: "yellow", SAME: "dim", NOT_COMPARABLE: "dim"}
_MARKS = {SLOWER: "🔴", FASTER: "🟢", UNSURE: "🟡", SAME: "⚪", NOT_COMPARABLE: "⚫"}
#: Verdicts that a short table counts and does not list.
_COUNTED = (SAME, NOT_COMPARABLE)
#: Reasons listed under a short table.
_REASONS_MOST = 3
#: Bars for each of base, new side and other sessions: all three fit into a comment.
BARS_MOST = 16


def as_json(comparison: Comparison) -> str:
    """One object; `cells` holds the verdicts, `ratio` is new / base."""
    cells = [
        {
            "cell": one.cell,
            **_fields(comparison.identities.get(one.cell)),
            "verdict": one.verdict,
            "ratio": one.ratio,
            "low": one.low,
            "high": one.high,
            "p": one.p,
            "method": one.method,
            "order": one.order,
            "spread": one.spread,
            "sessions_base": one.sessions_base,
            "sessions_new": one.sessions_new,
            "sessions_needed": one.sessions_needed,
            "promise": None if one.promise is None else asdict(one.promise),
            "reason": one.reason,
            "cpu": _cpu(comparison, one),
        }
        for one in comparison.verdicts
    ]
    told = {
        "metric": comparison.metric,
        "threshold": comparison.threshold,
        "notes": list(comparison.notes),
        "cells": cells,
    }
    return json.dumps(told, indent=2, allow_nan=False) + "\n"


def _cpu(comparison: Comparison, one: CellVerdict) -> dict[str, Any] | None:
    """What CPU time says of a cell; None where it was not asked."""
    other = comparison.cpu.get(one.cell)
    keys = ("verdict", "ratio", "low", "high", "p", "reason")
    return None if other is None else {key: getattr(other, key) for key in keys}


def as_table(comparison: Comparison, *, width: int, colour: bool, everything: bool) -> str:
    """A table for the terminal; short, it counts the cells that did not change."""
    listed = [one for one in _sorted(comparison.verdicts) if everything or one.verdict not in _COUNTED]
    told = [counts(comparison.verdicts)]
    if not everything:
        refused = Counter(one.reason for one in comparison.verdicts if one.verdict == NOT_COMPARABLE)
        told += [f"  {number} not comparable: {reason}" for reason, number in refused.most_common(_REASONS_MOST)]
    told += [f"Note: {note}" for note in comparison.notes]
    return _table(comparison, listed, colour=colour) + "".join(f"{_wrapped(line, width)}\n" for line in told)


def _wrapped(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(indent + one_line(line), width)


def _table(comparison: Comparison, listed: Sequence[CellVerdict], *, colour: bool) -> str:
    """The rows of a table; rich is imported when there are any, which takes longer than to compare."""
    if not listed:
        return ""
    from rich.table import Table
    from rich.text import Text

    from parabench.report.rendering import TABLE_WIDTH, render

    table = Table(box=None, pad_edge=False)
    for name in ("cell", "verdict", "new / base [95 %]", "sessions", "why"):
        # Only a reason may take several lines: a long one must not narrow the other columns.
        table.add_column(name, justify="right" if name[0] in "ns" else "left", no_wrap=name != "why")
    for one in listed:
        sessions = f"{one.sessions_base} : {one.sessions_new}"
        verdict = Text(one.verdict, style=_STYLES[one.verdict])
        table.add_row(
            one_line(_text(comparison, one)), verdict, ratio_cell(one), sessions, one_line(why(comparison, one))
        )
    return render([table], width=TABLE_WIDTH, colour=colour)


def as_markdown(comparison: Comparison, *, base: str, new: str) -> str:
    """A comment for a pull request."""
    lines = [
        f"### parabench: {for_markdown(new)} against {for_markdown(base)}",
        "",
        counts(comparison.verdicts) + ".",
        "",
    ]
    listed = [one for one in _sorted(comparison.verdicts) if one.verdict not in _COUNTED]
    if listed:
        lines += _changed_in_markdown(comparison, listed)
    rest = [one for one in _sorted(comparison.verdicts) if one.verdict in _COUNTED]
    if rest:
        lines += ["<details><summary>The other cells</summary>", ""]
        lines += ["| cell | verdict | new / base [95 %] | why |", "|---|---|---:|---|"]
        for one in rest:
            cell, told = for_markdown(_text(comparison, one)), _why_in_markdown(comparison, one)
            lines.append(f"| {cell} | {one.verdict} | {ratio_cell(one)} | {told} |")
        lines += ["", "</details>", ""]
    lines += [f"> {for_markdown(note)}" for note in comparison.notes]
    return "\n".join(lines).rstrip() + "\n"


def _changed_in_markdown(comparison: Comparison, listed: Sequence[CellVerdict]) -> list[str]:
    """The lines of a table with a picture of each cell's sessions, and what the picture shows."""
    lines = ["| cell | verdict | new / base [95 %] | sessions | each session | why |", "|---|---|---:|---:|---|---|"]
    for one in listed:
        sessions = f"{one.sessions_base} : {one.sessions_new}"
        mark = f"{_MARKS[one.verdict]} {one.verdict}"
        cell, told = for_markdown(_text(comparison, one)), _why_in_markdown(comparison, one)
        lines.append(f"| {cell} | {mark} | {ratio_cell(one)} | {sessions} | {_drawn(comparison, one)} | {told} |")
    others = "others of the same results, " if any(_sides(comparison, one)[0] for one in listed) else ""
    unit = UNITS[comparison.metric]
    return [*lines, "", f"Each session's {unit}: {others}base, new. A high bar is many {unit}.", ""]


def _drawn(comparison: Comparison, one: CellVerdict) -> str:
    """The sessions of a cell as bars on one scale."""
    bars = sparklines(_sides(comparison, one), width=BARS_MOST, encoding="utf-8")
    return f"`{bars}`" if bars else "-"


def _sides(comparison: Comparison, one: CellVerdict) -> list[list[float]]:
    """The numbers of a cell: of sessions on neither side, of the base, of the new side."""
    known = comparison.samples.get(one.cell)
    parts = () if known is None else (known.history, known.base, known.new)
    return [[amount for amount in part if amount > 0] for part in parts] or [[], [], []]


def counts(verdicts: Sequence[CellVerdict]) -> str:
    """How many cells have each verdict."""
    found = Counter(one.verdict for one in verdicts)
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in ORDER if found[verdict]) or "no cell to compare"


def ratio_cell(one: CellVerdict) -> str:
    """The ratio with its interval, as far as they are known."""
    if one.ratio is None:
        return "-"
    if one.low is None or one.high is None:
        return f"{one.ratio:.3f} [unknown]"
    return f"{one.ratio:.3f} [{one.low:.3f}, {one.high:.3f}]"


def why(comparison: Comparison, one: CellVerdict) -> str:
    """What a verdict rests on, or what is missing, and what CPU time says where it decides alone."""
    return "; ".join([*_figures(comparison, one), *([one.reason] if one.reason is not None else [])])


def _why_in_markdown(comparison: Comparison, one: CellVerdict) -> str:
    """The same; reasons quote stored files."""
    return "; ".join([*_figures(comparison, one), *([for_markdown(one.reason)] if one.reason is not None else [])])


def _figures(comparison: Comparison, one: CellVerdict) -> list[str]:
    cpu = decided_by_cpu(comparison, one)
    parts = [] if cpu is None else [f"CPU time is {cpu.verdict}: {ratio_cell(cpu)}"]
    if one.p is not None:
        parts.append(f"p {one.p:.2g}" if one.p >= 0.0001 else "p < 0.0001")
    if one.spread is not None:
        parts.append(f"{100 * one.spread:.1f} % between sessions")
    if one.promise is not None:
        parts.append(f"{one.promise.sessions} sessions a side would decide")
    return parts


def _fields(cell: CellId | None) -> dict[str, Any]:
    """A cell of ours by its fields; all of them null for other benchmarks."""
    return dict.fromkeys(CellId._fields) if cell is None else cell._asdict()


def _text(comparison: Comparison, one: CellVerdict) -> str:
    return comparison.texts.get(one.cell, one.cell)


def _sorted(verdicts: Sequence[CellVerdict]) -> list[CellVerdict]:
    return sorted(verdicts, key=lambda one: (ORDER.index(one.verdict), -abs((one.ratio or 1) - 1)))
