"""Which messages a worker takes: calls that have been announced, from the client that has greeted it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from parabench.task import TaskCall

#: The names in a call: all of them are imported, and called.
_NAMES = ("task", "task_async", "context", "context_async", "context_scope", "digest")
Announced = tuple[str | None, ...]


def announced(call: TaskCall) -> Announced:
    """What a call names; its settings are data."""
    return tuple(getattr(call, name) for name in _NAMES)


@dataclass(slots=True)
class Admission:
    """What one worker process takes. It begins with nothing."""

    calls: frozenset[Announced] = frozenset()
    #: Of the client's session; a worker that has replaced another one takes that of its first message.
    token: str | None = field(default=None, repr=False)

    def announce(self, calls: Iterable[Iterable[str | None]]) -> None:
        """Take these calls from now on, as `announced` gives them."""
        self.calls = frozenset(map(tuple, calls))

    def refusal(self, text: str, token: str, *, greeting: bool) -> str | None:
        """Why a message is not taken; None when it is. Nothing that it names is imported before."""
        try:
            fields = json.loads(text)
            names = tuple(fields[name] for name in _NAMES)
            known = names in self.calls and fields.keys() == set(TaskCall.__dataclass_fields__)
        except (ValueError, KeyError, TypeError, AttributeError):
            return "a message is no call of a task"
        if not known:
            return f"{_told(names)} has not been announced by this worker"
        if not isinstance(token, str) or not token:
            return "a message carries no token of a session"
        if greeting or self.token is None:
            self.token = token
        return None if token == self.token else "a message is of another session than the one that greeted this worker"


def _told(names: tuple[object, ...]) -> str:
    """A call in words."""
    task, *others = (str(name)[:80] for name in names if name is not None)
    return f"task {task!r}" + (f" with {', '.join(others[:-1])}" if others[:-1] else "")
