"""Is it the same work? Every batch of every model is compared with `sequential` and with the workload's own check."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from parabench.errors import TasksFailed, WrongResult
from parabench.records import Failure, Outcome
from parabench.workload import Workload

#: How many wrong or failed tasks a message names.
NAMED = 3


def verify(
    cell_id: str,
    workload: Workload,
    items: Sequence[Any],
    outcomes: Sequence[Outcome],
    expected: Sequence[Any] | None,
    items_changed: Mapping[int, str] | None = None,
) -> None:
    """Raise TasksFailed or WrongResult when a batch is not what it should be.

    `expected` are the values of the sequential model, None where equality is not asked for (no reference yet, or equal
    items may rightly differ). `items_changed` are the items that are no longer what they were, shortened, by place.
    """
    if len(outcomes) != len(items):
        raise WrongResult(
            f"cell {cell_id} returned {len(outcomes)} results for {len(items)} tasks: tasks were lost or doubled"
        )
    if any(outcome.failure is not None for outcome in outcomes):
        raise TasksFailed(_failed(cell_id, items, outcomes))
    if items_changed:
        raise WrongResult(_changed(cell_id, items, items_changed))
    if workload.check is not None:
        for index, outcome in enumerate(outcomes):
            if not workload.check(items[index], outcome.value):
                raise WrongResult(
                    f"cell {cell_id}: the workload's check refuses the result of task {index}: "
                    f"item {shorten(items[index])} gave {shorten(outcome.value)}"
                )
    if expected is not None and workload.deterministic:
        pairs = zip((outcome.value for outcome in outcomes), expected, strict=True)
        wrong = [index for index, pair in enumerate(pairs) if not same(*pair, workload.tolerance)]
        if wrong:
            named = "; ".join(
                f"task {index}, item {shorten(items[index])}: {shorten(outcomes[index].value)} "
                f"instead of {shorten(expected[index])}"
                for index in wrong[:NAMED]
            )
            raise WrongResult(f"cell {cell_id}: {len(wrong)} of {len(items)} results differ from sequential: {named}")


def _failed(cell_id: str, items: Sequence[Any], outcomes: Sequence[Outcome]) -> str:
    """Each failure once, with the first task that had it and how many others did."""
    first: dict[tuple[str, str], tuple[int, Failure]] = {}
    alike: Counter[tuple[str, str]] = Counter()
    for index, outcome in enumerate(outcomes):
        if (failure := outcome.failure) is not None:
            first.setdefault((failure.type, failure.message), (index, failure))
            alike[failure.type, failure.message] += 1
    lines = [f"cell {cell_id}: {alike.total()} of {len(items)} tasks failed"]
    for kind, (index, failure) in list(first.items())[:NAMED]:
        others = f" ({alike[kind]} tasks like this)" if alike[kind] > 1 else ""
        lines.append(f"task {index}, item {shorten(items[index])}: {failure.type}: {failure.message}{others}")
        lines.extend(f"    {line}" for line in failure.traceback.splitlines())
    if len(first) > NAMED:
        lines.append(f"and {len(first) - NAMED} other failures")
    return "\n".join(lines)


def _changed(cell_id: str, items: Sequence[Any], items_changed: Mapping[int, str]) -> str:
    named = "; ".join(
        f"task {index}, item {shorten(items[index])} is now {now}" for index, now in list(items_changed.items())[:NAMED]
    )
    return (
        f"cell {cell_id}: the task changed its item: {named}; the next round would do other work, and a model that "
        "shares memory other work than one that does not: work on a copy"
    )


def same(value: Any, expected: Any, tolerance: float | None = None) -> bool:
    """Whether JSON would write two values alike: type and value, the order of keys apart. NaN equals NaN.

    Floats may differ by `tolerance`, a share of the larger one.
    """
    if json.dumps(value, sort_keys=True) == json.dumps(expected, sort_keys=True):
        return True
    return tolerance is not None and _close(value, expected, tolerance)


def _close(value: Any, expected: Any, tolerance: float) -> bool:
    if type(value) is not type(expected):
        return False
    if isinstance(value, float):
        return math.isclose(value, expected, rel_tol=tolerance) or (math.isnan(value) and math.isnan(expected))
    if isinstance(value, list):
        return len(value) == len(expected) and all(
            _close(part, counterpart, tolerance) for part, counterpart in zip(value, expected, strict=True)
        )
    if isinstance(value, dict):
        return value.keys() == expected.keys() and all(_close(value[key], expected[key], tolerance) for key in value)
    return bool(value == expected)


def shorten(value: Any, length: int = 80) -> str:
    """A value's repr, cut in the middle."""
    text = repr(value)
    return text if len(text) <= length else f"{text[: length // 2]}...{text[-length // 2 + 3 :]}"
