"""Words and numbers of the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from parabench.records import CellId
from parabench.session.answers import Answer, Choice

#: What a kind of work is called in a sentence.
KIND_NAMES = {
    "cpu": "pure Python",
    "native": "native code",
    "disk": "disk work",
    "network": "network work",
    "live": "the live API",
    "mixed": "mixed work",
    "overhead": "tasks that do nothing",
    "scaling": "tasks of several lengths",
    "shared_state": "shared state",
    "custom": "your own work",
}
#: What a family is called in a sentence.
FAMILY_NAMES = {"baseline": "a plain loop"}


def json_text(value: Any) -> str:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Parts as a person lists them."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def factor(ratio: float) -> str:
    """A ratio with the digits that mean something, without its sign."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def speed(ratio: float) -> str:
    """How much faster or slower: never a ratio of many zeros."""
    return f"{factor(ratio)}x" if ratio >= 0.995 else f"{factor(1 / ratio)}x slower"


def contestant(choice: Choice | CellId) -> str:
    """A model with its workers and chunk."""
    chunk = "" if choice.chunk == "1" else f", chunk {choice.chunk}"
    return choice.model + ("" if choice.model == "sequential" else f" x{choice.workers}") + chunk


def sureness(answer: Answer) -> tuple[str, str]:
    """How sure an answer is: a level for its style, and a word or two."""
    if answer.settled:
        return "settled", "settled"
    if answer.visits == 1 and not answer.family_settled:
        return "once", "one look only"
    if answer.family_settled:
        return "family", f"{FAMILY_NAMES.get(answer.use.family, answer.use.family)}: sure; which: open"
    return "open", "open"
