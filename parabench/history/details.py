"""What only a report needs of a stored session: its answers, its place in a run, and the timelines of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parabench.analyse.timeline import Timeline
from parabench.analyse.timeline_json import timeline_from_json
from parabench.history.checked import Fields, rules_of, types_of
from parabench.history.reader import read_with
from parabench.history.stored import StoredSession
from parabench.history.stored_session import build_session

#: Parts of an answer that hold choices.
_CHOICES = ("equals", "others")
#: Parts of an answer that earlier sessions do not have.
_LATER: Mapping[str, Any] = {"seconds": None, "family_settled": False, "about": "this session", "visits": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One stored session in full."""

    session: StoredSession
    #: Each as the schema describes it, checked; None with the reason where nobody worked them out or one is damaged.
    answers: tuple[Mapping[str, Any], ...] | None
    answers_reason: str | None
    #: Id of the run that the session is part of, its arm and turn; None: it ran alone.
    run: tuple[str, str, int] | None
    #: By the full name of the benchmark; of cells that were traced.
    timelines: Mapping[str, Timeline]
    #: Why there is no timeline although the file has something under its key, by the full name of the benchmark.
    damaged: Mapping[str, str]


def read_details(path: Path) -> Details:
    """A stored session in full. Raises HistoryUnreadable, as `read_session` does."""
    return read_with(path, _build)


def _build(path: Path, content: Any) -> Details:
    session = build_session(path, content)
    ours = content.get("parabench") if session.format is not None else None
    answers, reason = _answers(ours or {})
    timelines: dict[str, Timeline] = {}
    damaged: dict[str, str] = {}
    for entry in content["benchmarks"]:
        info = entry.get("extra_info")
        columns = info.get("timeline") if isinstance(info, dict) else None
        if isinstance(columns, dict):
            try:
                timelines[entry["fullname"]] = timeline_from_json(columns)
            except ValueError as error:
                damaged[entry["fullname"]] = str(error)
    return Details(
        session=session,
        answers=answers,
        answers_reason=reason,
        run=_run(ours or {}),
        timelines=timelines,
        damaged=damaged,
    )


def _answers(ours: Mapping[str, Any]) -> tuple[tuple[Mapping[str, Any], ...] | None, str | None]:
    """All answers, or None and why."""
    entries = ours.get("answers")
    if not isinstance(entries, list):
        return None, "the session has no answers: it was recovered, or measured by a version that gave none"
    answers = []
    for place, entry in enumerate(entries):
        where = f"parabench.answers[{place}]"
        answer, reason = _checked({**_LATER, **entry} if isinstance(entry, dict) else entry, where, "answer")
        if reason is None:
            answer["use"], reason = _checked(entry.get("use"), f"{where}.use", "choice")
        for key in _CHOICES:
            if reason is None:
                answer[key], reason = _choices(entry.get(key, []), f"{where}.{key}")
        if reason is not None:
            return None, reason
        answers.append(answer)
    return tuple(answers), None


def _choices(entries: Any, where: str) -> tuple[list[dict[str, Any]], str | None]:
    if not isinstance(entries, list):
        return [], f"{where} is no list"
    checked = [_checked(entry, f"{where}[{place}]", "choice") for place, entry in enumerate(entries)]
    return [choice for choice, _ in checked], next((reason for _, reason in checked if reason), None)


def _checked(entry: Any, where: str, definition: str) -> tuple[dict[str, Any], str | None]:
    """The simple parts of an object as the schema has them, and what is wrong with the first that is not."""
    fields = Fields(entry, where)
    rules = {key: rule for key, rule in rules_of(definition).items() if types_of(rule) and key not in _CHOICES}
    values = {key: fields.get(key, rule) for key, rule in rules.items()}
    optional = {key for key, rule in rules.items() if "null" in types_of(rule)} | {"speed", "seconds"}
    return values, next((reason for key, reason in fields.reasons.items() if key not in optional), None)


def _run(ours: Mapping[str, Any]) -> tuple[str, str, int] | None:
    entry = ours.get("run")
    if not isinstance(entry, dict):
        return None
    run, arm, turn = entry.get("id"), entry.get("arm"), entry.get("turn")
    if isinstance(run, str) and isinstance(arm, str) and isinstance(turn, int):
        return run, arm, turn
    return None
