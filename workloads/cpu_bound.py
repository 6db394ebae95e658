"""CPU-bound work in pure Python: integers, floats and objects.

Each table gives, per size, the number of tasks in a batch and the length of one task; the item carries that length, so
a study of other lengths needs other items only.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parabench.workload import Json, Settings, Size, Workload, cpu_limit

# --- integers -------------------------------------------------------------------------------------------------------

#: size -> (tasks, numbers per task). The tasks cover adjacent ranges from 0 on, so later tasks take longer.
PRIMES: Mapping[Size, tuple[int, int]] = {"small": (24, 6_250), "medium": (32, 18_750), "large": (64, 62_500)}

#: below -> primes below it, from the published tables (OEIS A000720, A006880).
PRIMES_KNOWN = {150_000: 13_848, 600_000: 49_098, 4_000_000: 283_146}


def count_primes(item: Mapping[str, int]) -> int:
    """Primes p with start <= p < stop, by trial division with odd numbers."""
    primes = 0
    for number in range(max(item["start"], 2), item["stop"]):
        if number % 2 == 0:
            primes += number == 2
            continue
        divisor = 3
        while divisor * divisor <= number:
            if number % divisor == 0:
                break
            divisor += 2
        else:
            primes += 1
    return primes


def count_primes_items(size: Size) -> list[Json]:
    """Adjacent ranges of equal width, starting at 0."""
    tasks, width = PRIMES[size]
    return [{"start": task * width, "stop": (task + 1) * width} for task in range(tasks)]


@functools.lru_cache(maxsize=1)
def _sieve(below: int) -> bytes:
    """One byte per number below `below`: 1 for a prime. Eratosthenes, so another algorithm than the task's."""
    prime = bytearray([0, 0]) + bytearray([1]) * (below - 2)
    for number in range(2, int(below**0.5) + 1):
        if prime[number]:
            prime[number * number :: number] = bytes(len(range(number * number, below, number)))
    return bytes(prime)


def count_primes_check(item: Json, result: Json) -> bool:
    """The count agrees with a sieve."""
    # One sieve for all sizes up to the largest known one; longer items get their own.
    below = max(item["stop"], next((known for known in PRIMES_KNOWN if known >= item["stop"]), 0))
    return bool(result == _sieve(below).count(1, item["start"], item["stop"]))


def count_primes_after(items: Sequence[Json], results: Sequence[Json], settings: Settings) -> dict[str, Json]:
    """The total over all ranges is the published number of primes. Raises AssertionError if it is not."""
    below, primes = items[-1]["stop"], sum(results)
    known = PRIMES_KNOWN.get(below)
    if items[0]["start"] == 0 and known is not None and primes != known:
        raise AssertionError(f"the batch counted {primes} primes below {below}; there are {known}")
    return {"below": below, "primes": primes}


COUNT_PRIMES = Workload(
    name="count-primes",
    kind="cpu",
    description="Counts prime numbers by trial division: integer arithmetic in pure Python, later tasks take longer.",
    task=count_primes,
    items=count_primes_items,
    check=count_primes_check,
    after_round=count_primes_after,
    limit=cpu_limit,
)

# --- floats ---------------------------------------------------------------------------------------------------------

#: size -> (tasks, columns per task, rows, iterations at most).
MANDELBROT: Mapping[Size, tuple[int, int, int, int]] = {
    "small": (24, 18, 120, 100),
    "medium": (32, 16, 240, 300),
    "large": (64, 32, 480, 640),
}


def mandelbrot(item: Mapping[str, int]) -> dict[str, Json]:
    """Every `step`-th column of the Mandelbrot set over [-2, 0.5] x [-1.25, 1.25], starting at column `first`.

    Returns the points that never escaped, `inside`, and the iterations summed per row, `iterations_by_row`.
    """
    rows, iterations_most = item["rows"], item["iterations"]
    columns = _columns(item)
    inside, by_row = 0, []
    for y0 in _ordinates(rows):
        row_total = 0
        for x0 in columns:
            x = y = 0.0
            for iteration in range(iterations_most):
                x_squared, y_squared = x * x, y * y
                if x_squared + y_squared > 4.0:
                    row_total += iteration
                    break
                y = 2.0 * x * y + y0
                x = x_squared - y_squared + x0
            else:
                row_total += iterations_most
                inside += 1
        by_row.append(row_total)
    return {"inside": inside, "iterations_by_row": by_row}


def _columns(item: Mapping[str, int]) -> list[float]:
    return [-2.0 + 2.5 * (c + 0.5) / item["columns"] for c in range(item["first"], item["columns"], item["step"])]


def _ordinates(rows: int) -> list[float]:
    # Written so that row r and row rows-1-r get the same number with opposite signs, to the last bit.
    return [1.25 * ((2 * row - rows + 1) / rows) for row in range(rows)]


def mandelbrot_items(size: Size) -> list[Json]:
    """Interleaved columns, so that all tasks take about as long."""
    tasks, columns, rows, iterations = MANDELBROT[size]
    return [
        {"first": task, "step": tasks, "columns": tasks * columns, "rows": rows, "iterations": iterations}
        for task in range(tasks)
    ]


def _never_escapes(x: float, y: float) -> bool:
    """True inside the main cardioid or the disk of period two, where the set is known in closed form."""
    q = (x - 0.25) ** 2 + y * y
    return q * (q + (x - 0.25)) < 0.25 * y * y or (x + 1.0) ** 2 + y * y < 0.0625


def mandelbrot_check(item: Json, result: Json) -> bool:
    """The set is symmetric about the real axis, holds its two largest parts, and every point has a legal count."""
    by_row, columns, most = result["iterations_by_row"], _columns(item), item["iterations"]
    surely = [sum(_never_escapes(x, y) for x in columns) for y in _ordinates(item["rows"])]
    return (
        len(by_row) == item["rows"]
        and by_row == by_row[::-1]
        and sum(surely) <= result["inside"] <= len(columns) * item["rows"]
        and all(
            inside * most + len(columns) - inside <= total <= len(columns) * most
            for inside, total in zip(surely, by_row, strict=True)
        )
    )


def mandelbrot_after(items: Sequence[Json], results: Sequence[Json], settings: Settings) -> dict[str, Json]:
    """The area agrees with the Mandelbrot set's (1.5066, from above). Raises AssertionError if it does not."""
    inside = sum(result["inside"] for result in results)
    area = 2.5 * 2.5 * inside / (items[0]["columns"] * items[0]["rows"])
    if not 1.45 < area < 1.75:
        raise AssertionError(f"the batch found an area of {area:.3f}; the Mandelbrot set's is about 1.51")
    return {"area": area, "points_inside": inside}


MANDELBROT_SET = Workload(
    name="mandelbrot",
    kind="cpu",
    description="Iterates points of the Mandelbrot set: floating-point arithmetic in pure Python.",
    task=mandelbrot,
    items=mandelbrot_items,
    check=mandelbrot_check,
    after_round=mandelbrot_after,
    limit=cpu_limit,
)

# --- objects --------------------------------------------------------------------------------------------------------

#: size -> (tasks, records per task).
RECORDS: Mapping[Size, tuple[int, int]] = {"small": (24, 2_100), "medium": (32, 10_500), "large": (64, 88_000)}

USERS = 5
TAGS = ("python", "async", "threads")


@dataclass(slots=True)
class _Account:
    """What is summed up about one user."""

    orders: int = 0
    cents: int = 0
    cents_most: int = 0
    orders_by_tag: dict[str, int] = field(default_factory=dict)


def aggregate_records(item: Mapping[str, int]) -> dict[str, Json]:
    """Write orders as JSON lines, parse each line, and total the orders per user and per tag."""
    lines = [
        f'{{"id": {i}, "user": {{"name": "user-{i % USERS}", "active": true}}, '
        f'"tags": ["{TAGS[i % len(TAGS)]}"], "cents": {item["seed"] + i}}}'
        for i in range(item["records"])
    ]
    accounts: dict[str, _Account] = {}
    for line in lines:
        order = json.loads(line)
        account = accounts.setdefault(order["user"]["name"], _Account())
        account.orders += 1
        account.cents += order["cents"]
        account.cents_most = max(account.cents_most, order["cents"])
        for tag in order["tags"]:
            account.orders_by_tag[tag] = account.orders_by_tag.get(tag, 0) + 1
    return {
        name: {
            "orders": account.orders,
            "cents": account.cents,
            "cents_most": account.cents_most,
            "orders_by_tag": account.orders_by_tag,
        }
        for name, account in sorted(accounts.items())
    }


def aggregate_records_items(size: Size) -> list[Json]:
    """Batches of orders that differ in their amounts."""
    tasks, records = RECORDS[size]
    return [{"seed": 1_000 * task, "records": records} for task in range(tasks)]


def aggregate_records_check(item: Json, result: Json) -> bool:
    """Every total equals its closed form: order i belongs to user i mod 5 and costs seed + i cents."""
    expected = {}
    for user in range(min(USERS, item["records"])):
        ids = range(user, item["records"], USERS)
        tags = {TAGS[tag]: len(range(_first_id(user, tag), item["records"], USERS * len(TAGS))) for tag in range(3)}
        expected[f"user-{user}"] = {
            "orders": len(ids),
            "cents": len(ids) * item["seed"] + len(ids) * (ids[0] + ids[-1]) // 2,
            "cents_most": item["seed"] + ids[-1],
            "orders_by_tag": {tag: orders for tag, orders in tags.items() if orders},
        }
    return bool(result == expected)


def _first_id(user: int, tag: int) -> int:
    """The smallest i with i mod 5 == user and i mod 3 == tag (Chinese remainders: 6 = 1 mod 5, 10 = 1 mod 3)."""
    return (6 * user + 10 * tag) % (USERS * len(TAGS))


AGGREGATE_RECORDS = Workload(
    name="aggregate-records",
    kind="cpu",
    description="Parses JSON lines and totals them per user: dictionaries, strings and objects.",
    task=aggregate_records,
    items=aggregate_records_items,
    check=aggregate_records_check,
    limit=cpu_limit,
)
