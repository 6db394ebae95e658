"""Which sessions a text means: by file, number, commit, tag, date, interpreter or machine."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from parabench.errors import NothingSelected
from parabench.history.summary import SessionSummary

_NUMBERS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")
_INTERPRETER = re.compile(r"(?:c?python|pypy)?\d+\.\d+(?:\.\d+)?t?(?:-jit)?", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{4,40}", re.IGNORECASE)

Matches = Callable[[SessionSummary], bool]


def select(
    text: str, sessions: Sequence[SessionSummary], resolve: Callable[[str], str | None] = lambda _: None
) -> list[SessionSummary]:
    """The sessions that a text means, in the order of `sessions`.

    Parts separated by commas add up, those joined by & have to hold together: "3.13&2026-11-01,0012". A part is a
    number or a range of them (12, 3-10), a date or a range (2026-11-01..2026-11-05), an interpreter (3.13, 3.14t,
    pypy3.11), a tag, a machine id or its beginning, a commit or its beginning, `latest`, the path of a file that is
    among `sessions`, or whatever `resolve` turns into a commit, such as a branch. `tag:`, `commit:`, `python:`,
    `machine:`, `number:` and `date:` in front say which one is meant. Raises NothingSelected, with what there is.
    """
    chosen: dict[Path, SessionSummary] = {}
    for alternative in filter(None, (part.strip() for part in text.split(","))):
        matching = list(sessions)
        for part in filter(None, (part.strip() for part in alternative.split("&"))):
            matching = _matching(part, matching, sessions, resolve)
        if not matching:
            raise NothingSelected(alternative, _offer(sessions), _names(sessions))
        chosen |= {session.path: session for session in matching}
    if not chosen:
        raise NothingSelected(text, _offer(sessions))
    return [session for session in sessions if session.path in chosen]


def is_interpreter(text: str) -> bool:
    """Whether a text selects by interpreter."""
    return all(_INTERPRETER.fullmatch(part.strip().removeprefix("python:")) for part in text.split(","))


def _matching(
    part: str,
    candidates: list[SessionSummary],
    sessions: Sequence[SessionSummary],
    resolve: Callable[[str], str | None],
) -> list[SessionSummary]:
    """Those of `candidates` that a part means; kinds of meaning are tried in turn until one of them means a session."""
    if part == "latest":
        return sorted(candidates, key=lambda session: session.datetime or _LONG_AGO)[-1:]
    kind, separator, name = part.partition(":")
    readings = _readings(name if separator and kind in _KINDS else part, resolve)
    for meaning, matches in readings:
        if separator and kind in _KINDS and meaning != kind:
            continue
        if any(matches(session) for session in sessions):
            return [session for session in candidates if matches(session)]
    return []


_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)
_KINDS = ("file", "number", "date", "python", "tag", "machine", "commit")


def _readings(name: str, resolve: Callable[[str], str | None]) -> Iterable[tuple[str, Matches]]:
    """Every way to read a name, in the order in which they are tried."""
    if name.endswith(".json"):
        file = Path(name).resolve()
        yield "file", lambda session: session.path.name == name or session.path.resolve() == file
    if numbers := _NUMBERS.fullmatch(name):
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        yield "number", lambda session: session.number is not None and first <= session.number <= last
    if dates := _DATES.fullmatch(name):
        begin, end = (dt.date.fromisoformat(dates[group] or dates[1]) for group in (1, 2))
        yield "date", lambda session: session.datetime is not None and begin <= session.datetime.date() <= end
    yield "tag", lambda session: name in session.tags
    if _INTERPRETER.fullmatch(name):
        wanted = re.sub(r"^c?python", "", name.lower())
        yield "python", lambda session: wanted in (session.interpreter, session.version)
    yield "machine", lambda session: session.machine_id == name
    if _COMMIT.fullmatch(name):
        yield "commit", lambda session: (session.commit_id or "").lower().startswith(name.lower())
    yield "machine", lambda session: len(name) > 4 and session.machine_id.startswith(name)
    if commit := resolve(name):
        yield "commit", lambda session: session.commit_id == commit


def _names(sessions: Sequence[SessionSummary]) -> set[str]:
    """The texts that mean a session by a name of its own."""
    names = {name for session in sessions for name in (session.machine_id, session.interpreter, *session.tags) if name}
    return {"latest", *names, *(f"{session.number:04}" for session in sessions if session.number is not None)}


def _offer(sessions: Sequence[SessionSummary]) -> list[str]:
    """What there is to select, in a few lines."""
    if not sessions:
        return []

    def some(values: Iterable[str | None]) -> str:
        known = sorted({value for value in values if value})
        return ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "") or "none"

    numbers = [session.number for session in sessions if session.number is not None]
    days = sorted(str(session.datetime.date()) for session in sessions if session.datetime is not None)
    return [
        f"numbers {min(numbers)} to {max(numbers)}" if numbers else "no numbers",
        f"dates {days[0]} to {days[-1]}" if days else "no dates",
        f"interpreters {some(session.interpreter for session in sessions)}",
        f"tags {some(tag for session in sessions for tag in session.tags)}",
        f"commits {some((session.commit_id or '')[:8] for session in sessions)}",
        f"machines {some(session.machine_id for session in sessions)}",
    ]
