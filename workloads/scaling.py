"""Tasks of one kind and several lengths: from which length does a model pay?"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from parabench.workload import Json, Limit, LimitCase, Size, Workload, cpu_limit

#: Additions in one task. CPython does about 20 million of them a second, PyPy hundreds of millions.
ADDITIONS: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
#: size -> additions in one batch, whatever the length of its tasks, but for very short and very long ones.
ADDITIONS_PER_BATCH: Mapping[Size, int] = {"small": 400_000, "medium": 4_000_000, "large": 40_000_000}
#: Fewer tasks could not keep workers busy; more would only make the batch longer.
TASKS_LEAST, TASKS_MOST = 16, 400


def add(item: Json) -> Json:
    """Add so many numbers, one by one."""
    total = 0
    for number in range(item["additions"]):
        total += number & item["mask"]
    return total


def items_of(additions: int, size: Size) -> list[Json]:
    """Tasks of that length; each has a mask of its own."""
    tasks = min(TASKS_MOST, max(TASKS_LEAST, ADDITIONS_PER_BATCH[size] // additions))
    return [{"additions": additions, "mask": 1 + 2 * (number % 64)} for number in range(tasks)]


def add_check(item: Json, result: Json) -> bool:
    """Between nothing and the mask for each of them."""
    return isinstance(result, int) and 0 <= result <= item["additions"] * item["mask"]


def add_limit(case: LimitCase) -> Limit:
    """All cores busy with the additions."""
    return cpu_limit(case)


WORKLOADS = tuple(
    Workload(
        name=f"add-{additions}",
        kind="scaling",
        description=f"{additions:,} additions a task: the length of tasks from which a model pays.",
        task=add,
        items=functools.partial(items_of, additions),
        check=add_check,
        limit=add_limit,
    )
    for additions in ADDITIONS
)
