"""Is it the same work? Every batch of every model is compared with `sequential` and with the workload's own check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from parabench.errors import TasksFailed, WrongResult
from parabench.records import Outcome
from parabench.workload import Workload

#: How many wrong or failed tasks a message names.
NAMED = 3


def verify(
    cell_id: str,
    workload: Workload,
    items: Sequence[Any],
    outcomes: Sequence[Outcome],
    expected: Sequence[Any] | None,
) -> None:
    """Raise TasksFailed or WrongResult when a batch is not what it should be.

    `expected` are the values of the sequential model, None where equality is not asked for (no reference yet, or equal
    items may rightly differ).
    """
    if len(outcomes) != len(items):
        raise WrongResult(
            f"cell {cell_id} returned {len(outcomes)} results for {len(items)} tasks: tasks were lost or doubled"
        )
    failures = [(index, outcome.failure) for index, outcome in enumerate(outcomes) if outcome.failure is not None]
    if failures:
        lines = [f"cell {cell_id}: {len(failures)} of {len(items)} tasks failed"]
        for index, failure in failures[:NAMED]:
            lines.append(f"task {index}, item {shorten(items[index])}: {failure.type}: {failure.message}")
            lines.extend(f"    {line}" for line in failure.traceback.splitlines())
        raise TasksFailed("\n".join(lines))
    if workload.check is not None:
        for index, outcome in enumerate(outcomes):
            if not workload.check(items[index], outcome.value):
                raise WrongResult(
                    f"cell {cell_id}: the workload's check refuses the result of task {index}: "
                    f"item {shorten(items[index])} gave {shorten(outcome.value)}"
                )
    if expected is not None and workload.deterministic:
        wrong = [index for index, outcome in enumerate(outcomes) if not same(outcome.value, expected[index])]
        if wrong:
            named = "; ".join(
                f"task {index}, item {shorten(items[index])}: {shorten(outcomes[index].value)} "
                f"instead of {shorten(expected[index])}"
                for index in wrong[:NAMED]
            )
            raise WrongResult(f"cell {cell_id}: {len(wrong)} of {len(items)} results differ from sequential: {named}")


def same(value: Any, expected: Any) -> bool:
    """Equality of JSON values, in which NaN equals NaN."""
    return bool(value == expected) or json.dumps(value, sort_keys=True) == json.dumps(expected, sort_keys=True)


def shorten(value: Any, length: int = 80) -> str:
    """A value's repr, cut in the middle."""
    text = repr(value)
    return text if len(text) <= length else f"{text[: length // 2]}...{text[-length // 2 + 3 :]}"
