"""The first screen and the table of models as Markdown, for a pull request or a page of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parabench.report.foreign_text import for_markdown
from parabench.report.page.data import Report

_MARKS = {"settled": "settled", "family": "family settled", "open": "open", "once": "one look only"}


def markdown_of(report: Report) -> str:
    """Every panel: sentences, answers, models."""
    return "\n".join(_panel(panel) for panel in report.data["panels"])


def _panel(panel: dict[str, Any]) -> str:
    lines = [f"## {for_markdown(panel['title'])}", "", *(for_plain(sentence) for sentence in panel["sentences"]), ""]
    lines += [f"> **{for_plain(banner['text'])}**\n" for banner in panel["banners"] if banner["level"] == "wrong"]
    heads = ("work", "use", "workers", "speed-up [95 %]", "of limit", "how sure", "why", "best interpreter", "change")
    lines += _table(heads, [_row(row) for row in panel["rows"]])
    models = [model for family in panel["heat"]["families"] for model in family["models"]]
    lines += ["", *_table(("speed-up", *models), [_heat_row(row) for row in panel["heat"]["rows"]]), ""]
    lines += [f"{number}. {for_plain(reason)}" for number, reason in enumerate(panel["heat"]["reasons"], 1)]
    return "\n".join([*lines, "", for_plain(" · ".join(panel["provenance"])), ""])


def _row(row: dict[str, Any]) -> list[str]:
    speedup = f"{row['speedup']['text']} {row['speedup']['interval']}"
    return [
        for_markdown(row["workload"]),
        for_markdown(row["use"]),
        row["workers"],
        speedup,
        row["share"],
        _MARKS[row["sure"]["level"]],
        for_plain(row["why"]["text"]),
        for_plain(row["best"]["text"]),
        for_plain(row["change"]["text"]),
    ]


def _heat_row(row: dict[str, Any]) -> list[str]:
    cells = []
    for cell in row["cells"]:
        mark = "**" if cell.get("best") else ""
        reason = f" ({cell['reason']})" if cell.get("reason") else ""
        cells.append(f"{mark}{cell['text']}{' slower' if cell.get('slower') else ''}{mark}{reason}")
    return [for_markdown(row["workload"]), *cells]


def for_plain(text: str) -> str:
    """A sentence of ours that may quote a name: nothing in it is Markdown or HTML."""
    for letter in "\\`*_{}[]<>#|@~!&":
        text = text.replace(letter, f"&#{ord(letter)};")
    return text


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
