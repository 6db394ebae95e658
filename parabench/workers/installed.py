"""The call that a worker process is given once, when it starts, so that nothing but items is sent to it afterwards.

What comes back is as small as can be: the value itself, when a task went well, and with a trace a pair of that and a
tuple of numbers, because traced rounds are to take no longer than others. Subinterpreters import this module too: the
standard library, `errors`, and `task` only.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from parabench.errors import CallNotInstalled
from parabench.records import Outcome, Trace
from parabench.task import TASK_ERRORS, TaskCall, bound_function, failed, untraced
from parabench.task.tracing import tracer

#: Values of these types always travel. None is not one of them: it is what pools have for what has not come back.
_TRAVELS = frozenset({int, float, str, bool})
#: A NamedTuple made by its own constructor takes twice as long.
_tuple = tuple.__new__


def _not_installed(item: Any) -> Any:
    raise AssertionError("no call was installed in this worker")


_function: Callable[[Any], Any] = _not_installed


def install(call: TaskCall) -> None:
    """Have this worker run this call from now on: its context is entered, or each task reports why it was not."""
    global _function
    call.prepare()
    _function = bound_function(call)


def plain(item: Any) -> Any:
    """Run the installed call with one item, and answer what `unpacked` makes an outcome of.

    Values that may not pickle are pickled here, where that is the failure of one task; pools would give up the batch.
    """
    try:
        value = _function(item)
        return value if type(value) in _TRAVELS else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except TASK_ERRORS as error:
        return failed(error)


def traced(item: Any) -> Any:
    """The same, traced: a pair of that answer and a bare trace, which has no part in what packing a value costs."""
    (value, failure), trace = tracer().timed(_attempt, item)
    if failure is not None:
        return failure, trace
    if type(value) in _TRAVELS:
        return value, trace
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL), trace
    except Exception as error:
        return failed(error), trace


def _attempt(item: Any) -> tuple[Any, Outcome | None]:
    try:
        return _function(item), None
    except TASK_ERRORS as error:
        return None, failed(error)


def plain_each(items: Sequence[Any]) -> list[Any]:
    """What `plain` answers for each item of a chunk."""
    return [plain(item) for item in items]


def traced_each(items: Sequence[Any]) -> list[Any]:
    """What `traced` answers for each item of a chunk: every task has a trace of its own."""
    return [traced(item) for item in items]


def plain_with_place(placed: tuple[int, Any]) -> tuple[int, Any]:
    """The place of an item, and what `plain` answers for it: for whoever takes answers as they come."""
    return placed[0], plain(placed[1])


def traced_with_place(placed: tuple[int, Any]) -> tuple[int, Any]:
    """The place of an item, and what `traced` answers for it."""
    return placed[0], traced(placed[1])


def function_for(installed: TaskCall, call: TaskCall, *, chunks: bool = False) -> Callable[[Any], Any]:
    """Which of these functions runs the items, or chunks, of a batch with this call.

    Raises CallNotInstalled if the workers were opened for another one: calls differ by `traced` only.
    """
    if untraced(call) != untraced(installed):
        raise CallNotInstalled(call.task, installed.task)
    if chunks:
        return traced_each if call.traced else plain_each
    return traced if call.traced else plain


def function_with_place_for(installed: TaskCall, call: TaskCall) -> Callable[[tuple[int, Any]], tuple[int, Any]]:
    """The same for items that are sent with their places."""
    return plain_with_place if function_for(installed, call) is plain else traced_with_place


def one_by_one(answers: Iterable[Any], chunks: Iterable[Sequence[Any]]) -> Iterator[Any]:
    """The answers to the items of each chunk; where a whole chunk has one outcome, each of its items has that."""
    for answer, chunk in zip(answers, chunks, strict=True):
        yield from answer if type(answer) is list else [answer] * len(chunk)


def unpacked(answer: Any) -> Outcome:
    """The outcome that an answer of `plain` or `traced` stands for."""
    kind = type(answer)
    if kind is tuple:
        bare, trace = answer
        return unpacked(bare)._replace(trace=Trace(*trace))
    if kind in _TRAVELS:
        return _tuple(Outcome, (answer, None, None))
    if kind is not bytes:
        outcome: Outcome = answer
        return outcome
    try:
        return _tuple(Outcome, (pickle.loads(answer), None, None))  # noqa: S301  # our own worker pickled it
    except Exception as error:  # a value of a class that refuses to come back
        return failed(error)


def outcomes_of(answers: Iterable[Any], loss: Outcome | None = None) -> list[Outcome]:
    """The outcomes that answers stand for, in their order; `loss` is that of what has not come back, which is None."""
    return [
        _tuple(Outcome, (answer, None, None))
        if type(answer) in _TRAVELS
        else unpacked(loss if answer is None else answer)
        for answer in answers
    ]
