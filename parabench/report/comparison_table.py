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
            "cell": verdict.cell,
            **_fields(comparison.identities.get(verdict.cell)),
            "verdict": verdict.verdict,
            "ratio": verdict.ratio,
            "low": verdict.low,
            "high": verdict.high,
            "p": verdict.p,
            "method": verdict.method,
            "order": verdict.order,
            "spread": verdict.spread,
            "sessions_base": verdict.sessions_base,
            "sessions_new": verdict.sessions_new,
            "sessions_needed": verdict.sessions_needed,
            "promise": None if verdict.promise is None else asdict(verdict.promise),
            "reason": verdict.reason,
            "cpu": _cpu(comparison, verdict),
        }
        for verdict in comparison.verdicts
    ]
    document = {
        "metric": comparison.metric,
        "threshold": comparison.threshold,
        "notes": list(comparison.notes),
        "cells": cells,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _cpu(comparison: Comparison, verdict: CellVerdict) -> dict[str, Any] | None:
    """What CPU time says of a cell; None where it was not asked."""
    other = comparison.cpu.get(verdict.cell)
    keys = ("verdict", "ratio", "low", "high", "p", "reason")
    return None if other is None else {key: getattr(other, key) for key in keys}


def as_table(comparison: Comparison, *, width: int, colour: bool, everything: bool) -> str:
    """A table for the terminal; short, it counts the cells that did not change."""
    listed = [verdict for verdict in _sorted(comparison.verdicts) if everything or verdict.verdict not in _COUNTED]
    remarks = [counts(comparison.verdicts)]
    if not everything:
        refused = Counter(verdict.reason for verdict in comparison.verdicts if verdict.verdict == NOT_COMPARABLE)
        remarks += [f"  {number} not comparable: {reason}" for reason, number in refused.most_common(_REASONS_MOST)]
    remarks += [f"Note: {note}" for note in comparison.notes]
    return _table(comparison, listed, colour=colour) + "".join(f"{_wrapped(line, width)}\n" for line in remarks)


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
    for verdict in listed:
        sessions = f"{verdict.sessions_base} : {verdict.sessions_new}"
        styled = Text(verdict.verdict, style=_STYLES[verdict.verdict])
        table.add_row(
            one_line(_text(comparison, verdict)),
            styled,
            ratio_cell(verdict),
            sessions,
            one_line(why(comparison, verdict)),
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
    listed = [verdict for verdict in _sorted(comparison.verdicts) if verdict.verdict not in _COUNTED]
    if listed:
        lines += _changed_in_markdown(comparison, listed)
    rest = [verdict for verdict in _sorted(comparison.verdicts) if verdict.verdict in _COUNTED]
    if rest:
        lines += ["<details><summary>The other cells</summary>", ""]
        lines += ["| cell | verdict | new / base [95 %] | why |", "|---|---|---:|---|"]
        for verdict in rest:
            cell, grounds = for_markdown(_text(comparison, verdict)), _why_in_markdown(comparison, verdict)
            lines.append(f"| {cell} | {verdict.verdict} | {ratio_cell(verdict)} | {grounds} |")
        lines += ["", "</details>", ""]
    lines += [f"> {for_markdown(note)}" for note in comparison.notes]
    return "\n".join(lines).rstrip() + "\n"


def _changed_in_markdown(comparison: Comparison, listed: Sequence[CellVerdict]) -> list[str]:
    """The lines of a table with a picture of each cell's sessions, and what the picture shows."""
    lines = ["| cell | verdict | new / base [95 %] | sessions | each session | why |", "|---|---|---:|---:|---|---|"]
    for verdict in listed:
        sessions = f"{verdict.sessions_base} : {verdict.sessions_new}"
        mark = f"{_MARKS[verdict.verdict]} {verdict.verdict}"
        cell, grounds = for_markdown(_text(comparison, verdict)), _why_in_markdown(comparison, verdict)
        lines.append(
            f"| {cell} | {mark} | {ratio_cell(verdict)} | {sessions} | {_drawn(comparison, verdict)} | {grounds} |"
        )
    others = "others of the same results, " if any(_sides(comparison, verdict)[0] for verdict in listed) else ""
    unit = UNITS[comparison.metric]
    return [*lines, "", f"Each session's {unit}: {others}base, new. A high bar is many {unit}.", ""]


def _drawn(comparison: Comparison, verdict: CellVerdict) -> str:
    """The sessions of a cell as bars on one scale."""
    bars = sparklines(_sides(comparison, verdict), width=BARS_MOST, encoding="utf-8")
    return f"`{bars}`" if bars else "-"


def _sides(comparison: Comparison, verdict: CellVerdict) -> list[list[float]]:
    """The numbers of a cell: of sessions on neither side, of the base, of the new side."""
    known = comparison.samples.get(verdict.cell)
    parts = () if known is None else (known.history, known.base, known.new)
    return [[amount for amount in part if amount > 0] for part in parts] or [[], [], []]


def counts(verdicts: Sequence[CellVerdict]) -> str:
    """How many cells have each verdict."""
    counts_by_verdict = Counter(verdict.verdict for verdict in verdicts)
    return (
        ", ".join(f"{counts_by_verdict[verdict]} {verdict}" for verdict in ORDER if counts_by_verdict[verdict])
        or "no cell to compare"
    )


def ratio_cell(verdict: CellVerdict) -> str:
    """The ratio with its interval, as far as they are known."""
    if verdict.ratio is None:
        return "-"
    if verdict.low is None or verdict.high is None:
        return f"{verdict.ratio:.3f} [unknown]"
    return f"{verdict.ratio:.3f} [{verdict.low:.3f}, {verdict.high:.3f}]"


def why(comparison: Comparison, verdict: CellVerdict) -> str:
    """What a verdict rests on, or what is missing, and what CPU time says where it decides alone."""
    return "; ".join([*_figures(comparison, verdict), *([verdict.reason] if verdict.reason is not None else [])])


def _why_in_markdown(comparison: Comparison, verdict: CellVerdict) -> str:
    """The same; reasons quote stored files."""
    return "; ".join(
        [*_figures(comparison, verdict), *([for_markdown(verdict.reason)] if verdict.reason is not None else [])]
    )


def _figures(comparison: Comparison, verdict: CellVerdict) -> list[str]:
    cpu = decided_by_cpu(comparison, verdict)
    parts = [] if cpu is None else [f"CPU time is {cpu.verdict}: {ratio_cell(cpu)}"]
    if verdict.p is not None:
        parts.append(f"p {verdict.p:.2g}" if verdict.p >= 0.0001 else "p < 0.0001")
    if verdict.spread is not None:
        parts.append(f"{100 * verdict.spread:.1f} % between sessions")
    if verdict.promise is not None:
        parts.append(f"{verdict.promise.sessions} sessions a side would decide")
    return parts


def _fields(cell: CellId | None) -> dict[str, Any]:
    """A cell of ours by its fields; all of them null for other benchmarks."""
    return dict.fromkeys(CellId._fields) if cell is None else cell._asdict()


def _text(comparison: Comparison, verdict: CellVerdict) -> str:
    return comparison.texts.get(verdict.cell, verdict.cell)


def _sorted(verdicts: Sequence[CellVerdict]) -> list[CellVerdict]:
    return sorted(verdicts, key=lambda verdict: (ORDER.index(verdict.verdict), -abs((verdict.ratio or 1) - 1)))
