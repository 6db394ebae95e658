"""What results that are not JSON are compared by: equal for equal values, in whatever process; else different."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import subprocess
import sys
import uuid
from typing import NamedTuple

import pytest

from parabench.errors import NotComparable
from parabench.task.values import stand_in


@dataclasses.dataclass
class Point:
    x: float
    seen: object = None


class Colour(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    first: int
    second: int


NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("value", [None, 1, 1.5, "a", [1, {"b": [None, True]}], Pair(1, 2), {1: 2}])
def test_json_stays_what_it_is(value):
    assert stand_in(value) is value


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (b"ab", b"ac"),
        ({1, 2}, {1, 3}),
        (frozenset("a"), frozenset("b")),
        (1 + 2j, 1 + 3j),
        (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        (NOON, NOON.replace(tzinfo=None)),
        (dt.timedelta(1), dt.timedelta(2)),
        (pathlib.Path("a"), pathlib.Path("b")),
        (uuid.UUID(int=1), uuid.UUID(int=2)),
        (Point(1.0), Point(1.5, {1})),
        (Point(1.0, b"x"), Point(1.0, b"y")),
        (collections.deque([1]), collections.deque([2])),
        ({(1, 2): 3}, {(1, 2): 4}),
        ([1, {"a": b"x"}], [1, {"a": b"y"}]),
        (range(3), range(4)),
        (Point(1.0, Colour.RED), Point(1.0, None)),
        (b"ab", bytearray(b"ab")),
    ],
    ids=repr,
)
def test_what_stands_for_a_value_is_json_that_tells_it_from_another(value, other):
    text = json.dumps(stand_in(value), sort_keys=True)
    assert text == json.dumps(stand_in(value), sort_keys=True)
    assert text != json.dumps(stand_in(other), sort_keys=True)


def test_floats_within_stay_floats_so_that_a_tolerance_holds_for_them():
    assert stand_in(Point(0.1, {1}))["fields"]["x"] == 0.1


def test_sets_are_alike_whatever_the_seed_of_hashes():
    program = "from parabench.task.values import stand_in; print(stand_in({*'abcdefgh', (1, 'x'), b'y'}))"
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    }
    assert len(told) == 1


def test_arrays_are_compared_by_type_shape_and_bytes_whatever_their_memory():
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(6.0).reshape(2, 3)
    told = stand_in(array)
    assert {**told, "sha256": ""} == {"type": "numpy.ndarray", "dtype": "<f8", "shape": [2, 3], "sha256": ""}
    assert stand_in(numpy.asfortranarray(array)) == told
    assert stand_in(array.reshape(3, 2)) != told
    assert stand_in(array.astype("f4"))["sha256"] != told["sha256"]
    assert stand_in(array + 1e-9) != told
    assert stand_in(numpy.float32(1.5)) == {"type": "numpy.float32", "dtype": "<f4", "text": "1.5"}
    assert stand_in(numpy.array([b"x", None], dtype=object))["items"][1] is None


def test_data_frames_are_compared_by_columns_index_and_types():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 6])
    told = stand_in(frame)
    json.dumps(told)
    assert stand_in(frame.copy()) == told
    for other in (frame.rename(columns={"a": "c"}), frame.set_index([[5, 7]]), frame.astype({"a": "f8"}), frame[["a"]]):
        assert stand_in(other) != told
    assert stand_in(frame["a"])["values"]["dtype"] == "<i8"


@pytest.mark.parametrize("value", [object(), [object()], {"a": print}, (n for n in range(2)), Point])
def test_what_nothing_stands_for_is_refused_with_the_remedy(value):
    with pytest.raises(NotComparable, match=r"a result of type .* cannot be compared .*digest=FUNCTION"):
        stand_in(value)


def test_a_value_that_contains_itself_is_refused():
    value = [b""]
    value.append(value)
    with pytest.raises(NotComparable, match=r"it contains itself"):
        stand_in(value)


def test_a_coroutine_that_nobody_awaits_is_told_how_it_is_awaited():
    async def work():
        """Awaited by nobody."""

    coroutine = work()
    with pytest.raises(NotComparable, match=r"returned a coroutine.*write the task itself as `async def`, or name"):
        stand_in(coroutine)
    coroutine.close()
