"""What a batch leaves behind, as far as the process that runs it can see: looked for around batches of the probe.

In the cell's process, outside the timed region. Standard library only.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from types import FunctionType, ModuleType
from typing import Any

#: Audit events that tell what a function does behind its back (docs.python.org, "Audit events table").
_EVENTS = {
    "socket.connect": "connects",
    "subprocess.Popen": "processes",
    "os.fork": "processes",
    "os.forkpty": "processes",
    "os.posix_spawn": "processes",
}
_LOOPBACK = ("127.", "::1", "localhost")
#: Texts of values that are compared, in characters: more is cut.
_TEXT_MOST = 100_000

#: So many items, and values, are pickled and back.
WEIGHED = 3

_seen: dict[str, int] = {}
_hosts: set[str] = set()
_state: dict[str, Any] = {}
#: Of the calling thread: `a_process`, while multiprocessing starts one.
_starting = threading.local()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    kind = _EVENTS.get(event)
    if kind is None or not _state.get("listening") or getattr(_starting, "a_process", False):
        return
    _seen[kind] = _seen.get(kind, 0) + 1
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _hosts.add(str(arguments[1][0]))


def _hear_threads() -> None:
    """Count threads that are started through `threading`: older interpreters have no audit event for them."""
    start = threading.Thread.start

    def counted(thread: threading.Thread) -> None:
        if _state.get("listening"):
            _seen["threads"] = _seen.get("threads", 0) + 1
        start(thread)

    threading.Thread.start = counted  # type: ignore[assignment, method-assign]


def _hear_processes() -> None:
    """Count processes that are started through `multiprocessing`, which only tells of those that are forked here.

    A fork server forks its own in another process, and an interpreter is started without an audit event. What happens
    while one starts is not counted once more.
    """
    start = BaseProcess.start

    def counted(process: BaseProcess) -> None:
        if _state.get("listening"):
            _seen["processes"] = _seen.get("processes", 0) + 1
        _starting.a_process = True
        try:
            start(process)
        finally:
            _starting.a_process = False

    BaseProcess.start = counted  # type: ignore[assignment, method-assign]


def look_before(items: Sequence[Any], settings: Mapping[str, Any]) -> None:
    """Before a batch."""
    if "hook" not in _state:
        sys.addaudithook(_hear)
        _hear_threads()
        _hear_processes()
        _state["hook"] = True
    _seen.clear()
    _hosts.clear()
    _state["globals"] = _globals_of(settings)
    _state["files"] = set(_files())
    _state["listening"] = True


def look_after(items: Sequence[Any], results: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """After it: names of globals that have changed, files that have come, who was connected to, and what values weigh.

    Modules that tell of threads and processes of the function's own are asked as well.
    """
    _state["listening"] = False
    before, now = _state["globals"], _globals_of(settings)
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return {
        "globals_changed": changed[:8],
        "files_new": sorted(set(_files()) - _state["files"])[:8],
        "hosts": sorted(host for host in _hosts if not host.startswith(_LOOPBACK))[:8],
        "threads": _seen.get("threads", 0),
        "processes": _seen.get("processes", 0),
        "blas": sorted(name for name in ("numpy", "scipy", "torch", "threadpoolctl") if name in sys.modules),
        "values": _weigh(results),
        "items": _weigh(items),
        "threads_left": threading.active_count(),
    }


def _globals_of(settings: Mapping[str, Any]) -> dict[str, str]:
    module = sys.modules.get(settings["module"])
    if module is None:
        return {}
    return {
        name: _text(value)
        for name, value in vars(module).items()
        if not name.startswith("__") and not isinstance(value, ModuleType | FunctionType | type)
    }


def _text(value: Any) -> str:
    try:
        length = len(value) if hasattr(value, "__len__") else ""
        return f"{length} {repr(value)[:_TEXT_MOST]}"
    except Exception:  # a class of the user's own
        return type(value).__qualname__


def _files() -> list[str]:
    try:
        return [name for name in os.listdir() if name != "__pycache__"][:10_000]
    except OSError:
        return []


def _weigh(values: Sequence[Any]) -> dict[str, Any]:
    """Bytes and seconds that a value takes to be pickled and back, in the mean; or why it cannot be."""
    if not values:
        return {"bytes": 0.0, "seconds": 0.0, "why_not": None}
    some = list(values)[:WEIGHED]
    best = None
    try:
        for _ in range(3):
            began = time.perf_counter()
            texts = [pickle.dumps(value, pickle.HIGHEST_PROTOCOL) for value in some]
            for text in texts:
                pickle.loads(text)  # noqa: S301  # made in the line above
            took = time.perf_counter() - began
            best = took if best is None else min(best, took)
            if took > 0.005:
                break
    except Exception as error:
        return {"bytes": None, "seconds": None, "why_not": f"{type(error).__name__}: {error}"}
    return {"bytes": sum(map(len, texts)) / len(some), "seconds": (best or 0.0) / len(some), "why_not": None}
