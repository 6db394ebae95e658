"""The CPU-bound workloads compute the right thing."""

import collections
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads import cpu_bound as cpu


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, number))


@given(st.integers(0, 600), st.integers(0, 200))
def test_count_primes_agrees_with_the_definition(start, width):
    item = {"start": start, "stop": start + width}
    primes = sum(is_prime(number) for number in range(start, start + width))
    assert cpu.count_primes(item) == primes
    assert cpu.count_primes_check(item, primes)
    assert not cpu.count_primes_check(item, primes + 1)


@pytest.mark.parametrize(("below", "primes"), cpu.PRIMES_KNOWN.items())
def test_the_sieve_agrees_with_the_published_tables(below, primes):
    assert cpu._sieve(below).count(1) == primes


def test_the_published_table_has_every_size():
    assert {tasks * width for tasks, width in cpu.PRIMES.values()} == set(cpu.PRIMES_KNOWN)


def test_ranges_are_adjacent():
    items = cpu.count_primes_items("medium")
    assert [item["start"] for item in items[1:]] == [item["stop"] for item in items[:-1]]


def test_a_batch_with_a_wrong_total_is_refused():
    items = cpu.count_primes_items("small")
    with pytest.raises(AssertionError, match="the batch counted 8 primes below 150000; there are 13848"):
        cpu.count_primes_after(items, [1] * 8, {})


def test_a_total_that_no_table_has_is_only_reported():
    assert cpu.count_primes_after([{"start": 0, "stop": 10}], [4], {}) == {"below": 10, "primes": 4}


def escapes_after(c: complex, most: int) -> int:
    z = 0j
    for iteration in range(most):
        if abs(z) > 2:
            return iteration
        z = z * z + c
    return most


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 9), st.integers(1, 30))
def test_mandelbrot_agrees_with_complex_numbers(step, columns, rows, most):
    whole = step * columns
    for first in range(step):
        item = {"first": first, "step": step, "columns": whole, "rows": rows, "iterations": most}
        result = cpu.mandelbrot(item)
        counts = [
            [
                escapes_after(complex(-2 + 2.5 * (c + 0.5) / whole, 1.25 * (2 * r - rows + 1) / rows), most)
                for c in range(first, whole, step)
            ]
            for r in range(rows)
        ]
        assert result["iterations_by_row"] == [sum(row) for row in counts]
        assert result["inside"] == sum(count == most for row in counts for count in row)
        assert cpu.mandelbrot_check(item, result)


def test_every_column_belongs_to_one_task():
    items = cpu.mandelbrot_items("small")
    columns = [x for item in items for x in cpu._columns(item)]
    assert len(columns) == len(set(columns)) == items[0]["columns"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda result: result | {"inside": 0},
        lambda result: result | {"inside": 10**9},
        lambda result: result | {"iterations_by_row": result["iterations_by_row"][:-1]},
        lambda result: result | {"iterations_by_row": [0] * len(result["iterations_by_row"])},
        lambda result: result | {"iterations_by_row": [10**9] * len(result["iterations_by_row"])},
        lambda result: (
            result | {"iterations_by_row": [result["iterations_by_row"][0] + 1, *result["iterations_by_row"][1:]]}
        ),
    ],
)
def test_mandelbrot_check_refuses(spoil):
    item = {"first": 0, "step": 4, "columns": 20, "rows": 11, "iterations": 40}
    result = cpu.mandelbrot(item)
    assert cpu.mandelbrot_check(item, result)
    assert not cpu.mandelbrot_check(item, spoil(result))


def test_a_batch_with_the_wrong_area_is_refused():
    items = cpu.mandelbrot_items("small")
    with pytest.raises(AssertionError, match=r"an area of 0\.000; the Mandelbrot set's is about 1\.51"):
        cpu.mandelbrot_after(items, [{"inside": 0}] * len(items), {})


@given(st.integers(0, 10_000), st.integers(0, 80))
def test_totals_agree_with_counting_and_with_the_closed_form(seed, records):
    item = {"seed": seed, "records": records}
    orders, cents, most, tags = (collections.defaultdict(int) for _ in range(4))
    for i in range(records):
        user = f"user-{i % 5}"
        orders[user] += 1
        cents[user] += seed + i
        most[user] = seed + i
        tags[user, ("python", "async", "threads")[i % 3]] += 1
    result = cpu.aggregate_records(item)
    assert {user: account["orders"] for user, account in result.items()} == orders
    assert {user: account["cents"] for user, account in result.items()} == cents
    assert {user: account["cents_most"] for user, account in result.items()} == most
    assert {(user, tag): n for user, account in result.items() for tag, n in account["orders_by_tag"].items()} == tags
    assert cpu.aggregate_records_check(item, json.loads(json.dumps(result)))


@pytest.mark.parametrize("field", ["orders", "cents", "cents_most"])
def test_aggregate_records_check_refuses_a_wrong_total(field):
    item = {"seed": 3, "records": 50}
    result = cpu.aggregate_records(item)
    result["user-2"][field] += 1
    assert not cpu.aggregate_records_check(item, result)


def test_aggregate_records_check_refuses_a_missing_user():
    item = {"seed": 3, "records": 50}
    result = cpu.aggregate_records(item)
    del result["user-4"]
    assert not cpu.aggregate_records_check(item, result)
