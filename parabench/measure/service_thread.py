"""A service of a workload in a thread of its own: one that hangs costs its cells, and not the session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from parabench.errors import ServiceTimedOut
from parabench.workload import ServiceOptions, Settings, Workload

#: It gets so long to start, or `--cell-timeout` if that is longer, and so long to end.
SECONDS_TO_START, SECONDS_TO_END = 60.0, 30.0

_Said = SimpleQueue[Settings | BaseException]


@contextmanager
def started(workload: Workload, options: ServiceOptions, cell_timeout_seconds: float) -> Iterator[Settings]:
    """The settings that the workload's service gives. The thread that enters the service leaves it as well.

    No thread can be ended from outside. One that hangs is let be: it ends with this process, and what it has started
    ends with the session. Raises ServiceTimedOut, or what the service raises.
    """
    said: _Said = SimpleQueue()
    leave = threading.Event()
    service = threading.Thread(target=_serve, args=(workload, options, said, leave), daemon=True)
    service.start()
    try:
        settings = _next(said, workload.name, "start", max(cell_timeout_seconds, SECONDS_TO_START))
    except BaseException:
        leave.set()  # should it start after all
        raise
    try:
        yield settings
    finally:
        leave.set()
        _next(said, workload.name, "end", SECONDS_TO_END)


def _serve(workload: Workload, options: ServiceOptions, said: _Said, leave: threading.Event) -> None:
    assert workload.service is not None
    try:
        with workload.service(options) as settings:
            said.put(settings)
            leave.wait()
    except BaseException as error:  # whatever it is, who waits has to hear of it
        said.put(error)
    else:
        said.put({})


def _next(said: _Said, workload: str, step: str, seconds: float) -> Settings:
    try:
        answer = said.get(timeout=seconds)
    except Empty:
        raise ServiceTimedOut(workload, step, seconds) from None
    if isinstance(answer, BaseException):
        raise answer
    return answer
