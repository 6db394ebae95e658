"""One function under several interpreters: a row each, and the one that is quickest."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from parabench.advise.advice import Advice
from parabench.report.advice_text import duration, speedup_of, use_of
from parabench.report.foreign_text import for_terminal


def best_of(advice: Mapping[str, Advice]) -> str | None:
    """The interpreter under which the function is quickest, used as advised; None when none of them knows."""
    known = {
        label: of_interpreter.seconds_per_1000
        for label, of_interpreter in advice.items()
        if of_interpreter.seconds_per_1000 is not None
    }
    return min(known, key=lambda label: known[label]) if known else None


def advice_table(advice: Mapping[str, Advice], width: int) -> str:
    """The table, and what to use of all of it."""
    head = ("interpreter", "use", "speed-up", "1,000 calls")
    rows = [
        (
            label,
            "nothing" if of_interpreter.use is None else use_of(of_interpreter.use),
            speedup_of(of_interpreter),
            "-" if of_interpreter.seconds_per_1000 is None else duration(of_interpreter.seconds_per_1000),
        )
        for label, of_interpreter in advice.items()
    ]
    sizes = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True)).rstrip() for row in (head, *rows)
    ]
    best = best_of(advice)
    if best is not None:
        others = [label for label in advice if label != best and advice[label].seconds_per_1000 is not None]
        by = ", ".join(
            f"{(advice[label].seconds_per_1000 or 0) / (advice[best].seconds_per_1000 or 1):.2f}x as quick as {label}"
            for label in others
        )
        lines += ["", *textwrap.wrap(f"{best}{': ' + by if by else ''}", width)]
    return "\n".join(map(for_terminal, lines)) + "\n"
