"""Tasks of very different lengths: who waits for the longest one, and what do chunks do to it?"""

from __future__ import annotations

import random
from collections.abc import Mapping

from parabench.workload import Json, Size, Workload, cpu_limit

#: size -> (tasks, additions of the median task).
TASKS: Mapping[Size, tuple[int, int]] = {"small": (24, 80_000), "medium": (48, 400_000), "large": (96, 2_000_000)}
#: Standard deviation of the log of the lengths: the longest of a small batch takes nearly as long as all the others.
SPREAD = 1.0


def add_unevenly(item: Mapping[str, int]) -> int:
    """The sum of the numbers below `additions`, added one by one."""
    total = 0
    for number in range(item["additions"]):
        total += number
    return total


def items(size: Size) -> list[Json]:
    """Lengths of a log-normal distribution in a fixed random order, as of files, users or pages."""
    tasks, middle = TASKS[size]
    source = random.Random(tasks)
    return [{"additions": int(middle * source.lognormvariate(0, SPREAD))} for _ in range(tasks)]


def check(item: Json, result: Json) -> bool:
    """The sum in closed form."""
    return bool(result == item["additions"] * (item["additions"] - 1) // 2)


ADD_UNEVENLY = Workload(
    name="add-unevenly",
    kind="cpu",
    description="Adds numbers in tasks of very different lengths, as real batches have them.",
    task=add_unevenly,
    items=items,
    check=check,
    limit=cpu_limit,
    on_request=True,
)
