"""What runs inside a worker: find the task by name, enter its context once, call it, say what became of it.

Workers of every model import this module, in spawned processes, subinterpreters and on other hosts, so it imports the
standard library and the words beside it only; psutil, numpy and other libraries that refuse subinterpreters stay out.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

from parabench.names import find as find
from parabench.names import reference_to as reference_to
from parabench.records import Failure, Outcome
from parabench.task.contexts import async_context_of, context_of
from parabench.task.driving import driven
from parabench.task.tracing import tracer

#: What a task may raise without taking its worker along: a sys.exit() is one failed task, too.
TASK_ERRORS = (Exception, SystemExit, KeyboardInterrupt)
#: A NamedTuple made by its own constructor takes twice as long.
_tuple = tuple.__new__


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """A task ready to be called by any worker: names and JSON only. Calling it never raises an Exception.

    Workers are given it once, when they start (see `workers/installed.py`). It pickles as one short JSON string and
    unpickles to one shared object per process.
    """

    task: str
    #: Its coroutine twin; the task itself where that is a coroutine function.
    task_async: str | None = None
    context: str | None = None
    context_async: str | None = None
    #: As a workload says; or "worker" where a process, or an interpreter, is one worker whatever its threads.
    context_scope: str = "process"
    #: Makes JSON of a result, to be compared by; None: what `values` knows.
    digest: str | None = None
    #: JSON text of the workload's settings: text, because a call has to be hashable.
    settings: str = "{}"
    traced: bool = False

    @property
    def is_coroutine(self) -> bool:
        """Whether the task itself is a coroutine function: who has no event loop for it drives it with one a thread."""
        return self.task_async == self.task

    @property
    def is_shared(self) -> bool:
        """Whether all threads of a process share what is entered for it; a loop runs in one thread at a time."""
        return self.context_scope == "worker" or (self.context_scope == "process" and not self.is_coroutine)

    @property
    def enters_each_thread(self) -> bool:
        """Whether each thread that runs it enters a context, or an event loop, of its own."""
        return not self.is_shared and (self.is_coroutine or self.context is not None)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return call_from_text, (call_to_text(self),)

    def __call__(self, item: Any) -> Outcome:
        """Run the task with one item, in the calling thread."""
        if self.traced:
            return tracer().call(untraced(self), item)
        try:
            return Outcome(_function(self)(item))
        except TASK_ERRORS as error:
            return failed(error)

    def bound(self) -> Callable[[Any], Outcome]:
        """The same call with all that is the same for every item looked up once: what a model runs a batch with.

        It is good for as long as nobody leaves what it has entered, in the process that it was made in.
        """
        if self.traced:
            plain = untraced(self).bound()
            return lambda item: tracer().call(plain, item)
        function = bound_function(self)

        def run(item: Any) -> Outcome:
            try:
                return _tuple(Outcome, (function(item), None, None))
            except TASK_ERRORS as error:
                return failed(error)

        return run

    def prepare(self) -> None:
        """Import the task and enter its context: what a worker does once, before its first task.

        An error here is left for the tasks of this worker: each of them meets it again and reports it as its own
        failure, with traceback, where a pool's initializer would only report itself broken.
        """
        with contextlib.suppress(Exception):
            _function(untraced(self))


@dataclass(frozen=True, slots=True)
class Batch:
    """The items of one round and the call each of them gets."""

    call: TaskCall
    items: Sequence[Any]


#: Runs one batch on open workers and returns its outcomes in the order of the items. One failed task is one failed
#: outcome. A worker that dies gives WorkerDied outcomes for the tasks lost with it, within seconds, never a hang.
#: It may have more to tell: `findings() -> dict`, asked for after a round, joins the round's findings, `disturbed() ->
#: dict` says what else had a part in the round, by cause, and `blind` what the process tree does not show of it.
Run = Callable[[Batch], list[Outcome]]


def call_to_text(call: TaskCall) -> str:
    """The call as JSON, for queues and hosts that speak nothing else."""
    return json.dumps(asdict(call), sort_keys=True)


@functools.cache
def call_from_text(text: str) -> TaskCall:
    """The one call object of this process for that JSON."""
    return TaskCall(**json.loads(text))


@functools.cache
def untraced(call: TaskCall) -> TaskCall:
    """The one plain call for a traced one: both share one entered context."""
    return replace(call, traced=False) if call.traced else call


def failed(error: BaseException) -> Outcome:
    """The outcome of a task that raised, as text: exceptions themselves may not survive pickling."""
    text = "".join(traceback.format_exception(error))
    return Outcome(None, Failure(type(error).__name__, str(error), text))


def lost(error: Exception) -> Outcome:
    """The outcome of a task whose worker died or whose model broke before it was done."""
    return Outcome(None, Failure(type(error).__name__, str(error), ""))


class _ThreadStack(ExitStack):
    """Leaves what a thread has entered when the thread ends, for pools that replace a thread without saying so."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = os.getpid()

    def __del__(self) -> None:
        if os.getpid() == self._pid:  # a forked child forgets the threads of its parent, whose contexts they are
            self.close()


class _PerThread(threading.local):
    """What the calling thread has entered; ends with the thread, or earlier by `leave_thread`."""

    def __init__(self) -> None:
        self.bound: dict[TaskCall, Callable[[Any], Any]] = {}
        self.stack = _ThreadStack()


_per_thread = _PerThread()
_per_process: dict[TaskCall, Callable[[Any], Any]] = {}
_process_stack = ExitStack()
_entering = threading.RLock()
#: Contexts that a forked child got from its parent. Kept and never left: they are the parent's to close.
_inherited: list[Any] = []


def _forget_inherited() -> None:
    global _process_stack, _per_process, _per_thread, _entering
    _inherited.append((_process_stack, _per_process, _per_thread))
    _process_stack, _per_process, _per_thread, _entering = ExitStack(), {}, _PerThread(), threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited)


def _function(call: TaskCall) -> Callable[[Any], Any]:
    bound = _per_process if call.is_shared else _per_thread.bound
    function = bound.get(call)
    return function if function is not None else _enter(call, bound)


def bound_function(call: TaskCall) -> Callable[[Any], Any]:
    """The task itself, as a function of one item that raises what the task raises.

    What every worker thread has entered for itself is looked up by the thread. What cannot be imported or entered is
    tried again by each task, which reports why.
    """
    call = untraced(call)
    if call.enters_each_thread:
        return functools.partial(_look_up_and_call, call)
    try:
        return _function(call)
    except Exception:  # each task meets the error again, and reports it as its own
        return functools.partial(_look_up_and_call, call)


def _look_up_and_call(call: TaskCall, item: Any) -> Any:
    return _function(call)(item)


def _enter(call: TaskCall, bound: dict[TaskCall, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    with _entering:  # the first tasks of several threads arrive together: one of them enters, the others wait
        if call in bound:
            return bound[call]
        stack = _process_stack if call.is_shared else _per_thread.stack
        if call.is_coroutine:
            context = functools.partial(asynchronous_context, call) if call.context_async is not None else None
            bound[call] = stack.enter_context(driven(coroutine_of(call), context))
            return bound[call]
        function = find(call.task)
        if call.context is not None:
            value = stack.enter_context(context_of(find(call.context), json.loads(call.settings)))
            function = functools.partial(call_with_context, function, value)
        bound[call] = function
        return function  # type: ignore[no-any-return]


def coroutine_of(call: TaskCall) -> Callable[..., Any]:
    """The coroutine function that is the task itself, with its synchronous context where it has no asynchronous one.

    Raises what importing it, or entering the context, raises.
    """
    return _function(replace(call, task_async=None, context=None if call.context_async else call.context))


def asynchronous_context(call: TaskCall) -> AbstractAsyncContextManager[Any]:
    """The context for coroutines of a call that has one, made in the loop that enters it."""
    assert call.context_async is not None
    return async_context_of(find(call.context_async), json.loads(call.settings))


def call_with_context(function: Callable[[Any, Any], Any], value: Any, item: Any) -> Any:
    """A task that takes what its context gave as its second argument."""
    return function(item, value)


def leave_thread() -> None:
    """Leave what this thread entered for itself; for models whose threads end before their process does."""
    _per_thread.bound.clear()
    _per_thread.stack.close()


def leave_process() -> None:
    """Leave what this process (or subinterpreter) entered, last entered first."""
    leave_thread()
    _per_process.clear()
    _process_stack.close()
