"""What is to be said of a queue's library: how to connect, send and take, and what one worker process runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


class QueueClient(Protocol):
    """The sending end of a queue. Every method raises BrokerLost when the broker does not answer."""

    def send(self, function: str, arguments: Sequence[Any]) -> Any:
        """Send a call of `parabench.queues.serving:<function>`; returns what `take` needs to know of it."""

    def take(self, ticket: Any, seconds: float) -> str | None:
        """The text that the function returned; None when there is none after about so many seconds (0: now).

        Raises what the library raises when the call itself went wrong.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLibrary:
    """One queue library. `url` is redis://, rediss:// or unix://; all keys and queues are named after the namespace."""

    #: Name of the model, by which a worker's process finds this object among those of its module.
    model: str
    #: (url, namespace) -> the sending end.
    connect: Callable[[str, str], AbstractContextManager[QueueClient]]
    #: (url, namespace, workers): works until it is killed, in a process of its own.
    serve: Callable[[str, str, int], None]
    #: What runs one task at a time: "process" or "thread".
    worker: str
    #: For so many workers the supervisor starts so many processes, ...
    processes: Callable[[int], int]
    #: ... of which each runs so many tasks at once in threads of its own.
    threads: Callable[[int], int]
    #: Distributions that it needs, each with a module of its name: the library itself, whose extra it is, comes first.
    libraries: tuple[str, ...]

    @property
    def module(self) -> str:
        """The module that declares it, as a module-level name; every process of the queue can import it."""
        return self.connect.__module__


def library_of(module: str, model: str) -> QueueLibrary:
    """The library of a model, from the module that declares it: what a supervisor's process is told."""
    declared = vars(importlib.import_module(module)).values()
    return next(thing for thing in declared if isinstance(thing, QueueLibrary) and thing.model == model)
