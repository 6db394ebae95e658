"""No work at all: what a batch still costs is the model's own cost per task."""

from __future__ import annotations

from collections.abc import Mapping

from parabench.workload import Json, Limit, LimitCase, Size, Workload

#: size -> tasks.
TASKS: Mapping[Size, int] = {"small": 256, "medium": 1_000, "large": 10_000}


def no_op(item: Json) -> Json:
    """Return the item."""
    return item


async def no_op_async(item: Json) -> Json:
    """Return the item."""
    return item


def no_op_items(size: Size) -> list[Json]:
    """The numbers from 0 on."""
    return list(range(TASKS[size]))


def no_op_check(item: Json, result: Json) -> bool:
    """The item came back."""
    return bool(item == result)


def no_op_limit(case: LimitCase) -> Limit:
    """Unknown: a share of no work means nothing."""
    return Limit(None, "there is no work: all time is the model's own cost")


NO_OP = Workload(
    name="no-op",
    kind="overhead",
    description="Does nothing, many times: what is left is what the model itself costs per task.",
    task=no_op,
    task_async=no_op_async,
    async_library="any",
    items=no_op_items,
    check=no_op_check,
    limit=no_op_limit,
)
