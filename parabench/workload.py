"""What a workload is: a named task, the items it is called with, its check, and the law of its ideal time.

This module is imported by every worker of every model, so it needs nothing but the standard library.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from parabench.names import reference_to

#: Any value that `json` can write and read back unchanged.
Json = Any
Settings = Mapping[str, Json]
Size = Literal["small", "medium", "large"]

SIZES: tuple[Size, ...] = ("small", "medium", "large")
#: kind -> does its work wait (True: many workers per core make sense) and what it is about.
KINDS: Mapping[str, tuple[bool, str]] = {
    "cpu": (False, "pure Python that keeps the interpreter busy"),
    "native": (False, "native code that releases the GIL"),
    "disk": (True, "writes and reads files"),
    "network": (True, "waits for HTTP replies, mocked or from loopback"),
    "live": (True, "waits for replies of the real GitHub API"),
    "mixed": (True, "waits, then computes"),
    "overhead": (False, "does nothing: what is left is the model's own cost"),
    "scaling": (False, "tasks of several lengths: from which length does a model pay?"),
    "shared_state": (False, "several workers change one value"),
    "custom": (False, "your own function"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What a service may ask of the session that starts it."""

    seed: int
    #: Middle of the simulated reply times, in seconds.
    latency_seconds: float
    #: An existing, empty directory of this session's own; removed with everything in it afterwards.
    scratch_directory: Path
    #: Base URL of the GitHub API for live workloads.
    github_url: str
    size: Size
    #: Rounds of a workload's batch the session is going to ask for at most, over all its cells.
    rounds_planned: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCase:
    """What the law of an ideal time may depend on."""

    items: Sequence[Json]
    settings: Settings
    workers: int
    cores_usable: int
    #: Median seconds per round of `sequential` in the same session; None when it was not measured.
    seconds_sequential: float | None
    #: How long each item's task took there, in a traced round; None when none was run.
    seconds_of_tasks: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """Shortest time a batch could take, in seconds per round; None with the reason when nobody knows."""

    seconds: float | None
    reason: str


def unknown_limit(case: LimitCase) -> Limit:
    """The law of workloads whose physical limit is not known."""
    return Limit(None, "no physical limit is known for this workload")


def makespan_least(lengths: Sequence[float], workers: int) -> float:
    """A time that no schedule of tasks of these lengths on so many workers can beat, in the unit of the lengths.

    The largest of: the sum spread evenly, the longest task, and for each k the k + 1 smallest of the k * workers + 1
    longest tasks, k + 1 of which some worker has to do (Martello and Toth, "Knapsack problems", 1990, section 8.3).
    0 without any task.
    """
    ordered = sorted(lengths, reverse=True)
    least = sum(ordered) / workers
    for k in range(-(-len(ordered) // workers)):
        longest = ordered[: k * workers + 1]
        least = max(least, sum(longest[-(k + 1) :]))
    return least


def cpu_limit(case: LimitCase) -> Limit:
    """The shortest schedule of the sequential tasks on the cores that the workers can occupy: free parallelism."""
    if case.seconds_sequential is None:
        return Limit(None, "needs the sequential model in the same session")
    cores = min(case.workers, case.cores_usable)
    if not case.seconds_of_tasks or sum(case.seconds_of_tasks) <= 0:
        return Limit(case.seconds_sequential / cores, f"sequential time / {cores} cores")
    share = makespan_least(case.seconds_of_tasks, cores) / sum(case.seconds_of_tasks)
    return Limit(case.seconds_sequential * share, f"shortest schedule of the sequential tasks on {cores} cores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A named piece of work that every model runs. See docs/workloads.md for a walk through the fields.

    `task` and its companions are module-level functions, so that any worker, in any process, interpreter or host,
    finds them by name. With a `context` the task is called as `task(item, context_value)`, else as `task(item)`.
    """

    name: str
    #: A coroutine function is its own twin: event-loop models await it, workers of others drive it with a loop each.
    task: Callable[..., Json]
    #: size -> the items of one batch, each a JSON value, the same for the same arguments.
    items: Callable[[Size], Sequence[Json]]
    kind: str = "custom"
    description: str = ""
    #: Coroutine function doing the same work; event-loop models await it, others never see it.
    task_async: Callable[..., Any] | None = None
    #: What `task_async` and `context_async` are written for: "asyncio", or "any" when they run under any library (they
    #: use anyio, or await nothing of a library's own).
    async_library: Literal["asyncio", "any"] = "asyncio"
    #: settings -> context manager whose value a task gets as second argument; entered once per worker. Or a class with
    #: `setup`, whose value, or else the object itself, is given, and `teardown`; made of the settings, or of nothing.
    context: Callable[[Settings], AbstractContextManager[Any]] | None = None
    #: Whether threads of one process share one context value, or each thread enters its own.
    context_scope: Literal["process", "thread"] = "process"
    #: The twin of `context` for `task_async`, entered once per event loop.
    context_async: Callable[[Settings], AbstractAsyncContextManager[Any]] | None = None
    #: Starts what all cells of the session share (server, directory) and yields the settings (a JSON object).
    service: Callable[[ServiceOptions], AbstractContextManager[Settings]] | None = None
    #: (items, settings), in the cell's process, outside the timed region, before each round.
    before_round: Callable[[Sequence[Json], Settings], None] | None = None
    #: (items, results, settings) -> findings (JSON object), outside the timed region, after each round.
    #: Raises AssertionError with a message when the batch as a whole is wrong.
    after_round: Callable[[Sequence[Json], Sequence[Json], Settings], Mapping[str, Json]] | None = None
    #: (item, result) -> True when the result is right; None: only equality with `sequential` counts.
    check: Callable[[Json, Json], bool] | None = None
    #: False when equal items may rightly give different results (a race, a live service).
    deterministic: bool = True
    #: How far a float in a result may be from that of `sequential`, as a share of the larger of the two; None: not at
    #: all. Everything else in a result has to be the same value of the same JSON type.
    tolerance: float | None = None
    #: result -> the JSON that it is compared by; None: the result itself, or a digest of it where it is not JSON.
    digest: Callable[[Any], Json] | None = None
    #: item -> what the task is called with instead, where that is not JSON: an array, a record. Called before rounds.
    make_item: Callable[[Json], Any] | None = None
    limit: Callable[[LimitCase], Limit] = unknown_limit
    #: Client library of network workloads, as its users call it.
    client: str | None = None
    #: Distributions whose versions decide whether two numbers may be compared.
    libraries: tuple[str, ...] = ()
    #: Modules that a script doing this work would import at its top: there before a cell starts, so that forked
    #: workers inherit them; spawned workers pay for them, as they always do.
    imports: tuple[str, ...] = ()
    #: Runs only when it is named, and with --everything: another one of its kind runs by default.
    on_request: bool = False
    #: True when the synchronous task drives an event loop of its own, which greenlets of one thread cannot share.
    drives_event_loop: bool = False

    def __post_init__(self) -> None:
        if is_coroutine_function(self.task) and self.task_async is None:
            object.__setattr__(self, "task_async", self.task)
            object.__setattr__(self, "drives_event_loop", True)

    @property
    def module(self) -> str:
        """The module that workers import for the task. Raises LookupError where no variable of one is bound to it."""
        return reference_to(self.task).partition(":")[0]

    @property
    def is_coroutine(self) -> bool:
        """True when the task itself is a coroutine function."""
        return self.task_async is self.task

    @property
    def waits(self) -> bool:
        """True when the work waits more than it computes, so that more workers than cores make sense.

        A function of the user's own waits when it is a coroutine function: for what else would it be one?
        """
        return KINDS[self.kind][0] or (self.kind == "custom" and self.is_coroutine)


def is_coroutine_function(task: object) -> bool:
    """Whether calling it gives a coroutine: a function, a method, a partial of one, or an object that is called."""
    return inspect.iscoroutinefunction(task) or inspect.iscoroutinefunction(getattr(type(task), "__call__", None))  # noqa: B004 - what kind of function it is


_F = TypeVar("_F", bound=Callable[..., Any])


@overload
def workload(task: _F) -> _F: ...
@overload
def workload(
    *,
    items: Sequence[Json] | Callable[[Size], Sequence[Json]] = ...,
    name: str | None = ...,
    kind: str = ...,
    **fields: Any,
) -> Callable[[_F], _F]: ...
def workload(
    task: Any = None,
    *,
    items: Sequence[Json] | Callable[[Size], Sequence[Json]] = tuple(range(8)),
    name: str | None = None,
    kind: str = "custom",
    **fields: Any,
) -> Any:
    """Declare a module-level function a workload; the function itself stays what it was.

    `items` is a list of JSON values (the same at every size) or a function of the size; the default is 0 to 7.
    `name` defaults to the function's name with dashes. Other keywords are those of `Workload`.
    """

    def declare(function: _F) -> _F:
        declared = declaration_of(function, items=items, name=name, kind=kind, **fields)
        try:
            function.workload = declared  # type: ignore[attr-defined]  # the declaration travels with the function
        except AttributeError:
            raise TypeError(
                f"@workload cannot be put on {function!r}, which takes no attributes (a method, a built-in function): "
                f"write WORKLOADS = [Workload(name={declared.name!r}, task=..., items=...)] instead"
            ) from None
        return function

    return declare if task is None else declare(task)


def declaration_of(
    task: Callable[..., Any],
    *,
    items: Sequence[Json] | Callable[[Size], Sequence[Json]] = tuple(range(8)),
    name: str | None = None,
    kind: str = "custom",
    **fields: Any,
) -> Workload:
    """What `workload` declares of a task; the task may be anything that is called."""
    return Workload(
        name=_name_of(task).replace("_", "-") if name is None else name,
        task=task,
        items=items if callable(items) else lambda size: items,
        kind=kind,
        description=fields.pop("description", None) or _first_line_of(task),
        **fields,
    )


def _name_of(function: Any) -> str:
    """That of a function, of what a partial calls, or of an object's class."""
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    return str(getattr(function, "__name__", type(function).__name__))


def _first_line_of(function: Any) -> str:
    if isinstance(function, functools.partial):
        return _first_line_of(function.func)
    return (function.__doc__ or "").strip().split("\n")[0]


def source_hash(module: str) -> str | None:
    """Hash of a module's file, or of all files of the package in a workloads folder that it is part of.

    `module` is the name of an imported module, such as "workloads.github.live"; None where it has no file.
    """
    import hashlib  # not at the top: every worker imports this module, and few ask for a hash

    family = ".".join(module.split(".")[:2])
    origin = getattr(sys.modules.get(family), "__file__", None)
    if origin is None:
        return None
    files = sorted(Path(origin).parent.rglob("*.py")) if Path(origin).name == "__init__.py" else [Path(origin)]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def source_hash_of_task(task: str) -> str | None:
    """The same for a task's reference, "package.module:name", whose module is imported. Raises as importing does."""
    module = task.partition(":")[0]
    importlib.import_module(module)
    return source_hash(module)
