"""Stored sessions turned into files that no one would store: for fuzz_reader.py."""

from __future__ import annotations

import copy
import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
#: Written in place of a text that stands for it: JSON that json.dumps does not write.
RAW = {
    "@deep@": "[" * 100_000 + "]" * 100_000,
    "@deeper@": "[" * 950 + "]" * 950,
    "@deepobjects@": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "@nested@": "[" * 300 + "]" * 300,
    "@endless@": "9" * 5000,
    "@long@": "-" + "9" * 400,
    "@overflow@": "1e400",
    "@control@": '"\x01"',
}
ODD_NUMBERS = [
    *(0, -0.0, -1, 1, 2, 1.5, 1e308, 5e-324, 1e-300, 2**63, 10**300, math.nan, math.inf, -math.inf),
    *("@long@", "@overflow@"),
]
ODD = [
    *ODD_NUMBERS,
    *(None, True, False),
    *("", "x", "0.1", "\ud800", "\U0001f600\udfff", "y" * 10_000, "../../x\x00", "9999-12-31T23:59:59-23:59"),
    *([], [None], [[]], [0.1, "0.1"], [1e308, 1e308], [True], {}, {"": {}}, {"\udc00": 1}, {"a": {"b": []}}),
    *RAW,
]


def mutate(choice: random.Random) -> tuple[str, bytes]:
    """The name of a mutation and a file made by it."""
    source = choice.choice(SAMPLES).read_bytes()
    mutation = choice.choice(MUTATIONS)
    return mutation.__name__.removeprefix("_"), mutation(choice, source)


def _truncated(choice: random.Random, source: bytes) -> bytes:
    return source[: choice.randrange(len(source))]


def _bits_flipped(choice: random.Random, source: bytes) -> bytes:
    data = bytearray(source)
    for _ in range(choice.choice([1, 1, 2, 5, 50])):
        data[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
    return bytes(data)


def _digits_changed(choice: random.Random, source: bytes) -> bytes:
    """Still JSON, and of the right types: only the numbers are wrong."""
    places = [place for place, byte in enumerate(source) if byte in b"0123456789"]
    data = bytearray(source)
    for place in choice.choices(places, k=choice.choice([1, 3, 30])):
        data[place] = choice.choice(b"0123456789eE.-")
    return bytes(data)


def _bytes_moved(choice: random.Random, source: bytes) -> bytes:
    begin, end = sorted(choice.choices(range(len(source)), k=2))
    return choice.choice(
        [source[:begin] + source[end:], source[:end] + source[begin:], source[begin:] + source[:begin]]
    )


def _binary(choice: random.Random, source: bytes) -> bytes:
    noise = choice.randbytes(choice.choice([0, 1, 100, 5000]))
    return choice.choice([noise, b"\x00" * len(source), source + noise, b"\xef\xbb\xbf" + source, b"\xff\xfe" + source])


def _another_document(choice: random.Random, source: bytes) -> bytes:
    return _written(choice.choice(ODD))


def _values_replaced(choice: random.Random, source: bytes) -> bytes:
    content = json.loads(source)
    for _ in range(choice.choice([1, 1, 2, 4])):
        container, key = _place(choice, content)
        container[key] = copy.deepcopy(choice.choice(ODD))
    return _written(content)


def _numbers_replaced(choice: random.Random, source: bytes) -> bytes:
    content = json.loads(source)
    numbers = [(inside, key) for inside, key in _places(content) if isinstance(inside[key], int | float)]
    for container, key in choice.choices(numbers, k=choice.choice([1, 3, 10])):
        container[key] = choice.choice(ODD_NUMBERS)
    return _written(content)


def _keys_changed(choice: random.Random, source: bytes) -> bytes:
    content = json.loads(source)
    container, key = _place(choice, content)
    value = container.pop(key)
    if isinstance(container, dict) and choice.random() < 0.5:
        container[choice.choice([f"{key}s", "", "format", "data", "passes", "parabench"])] = value
    return _written(content)


def _parts_exchanged(choice: random.Random, source: bytes) -> bytes:
    content = json.loads(source)
    first, second = _place(choice, content), _place(choice, content)
    here, there = copy.deepcopy(first[0][first[1]]), copy.deepcopy(second[0][second[1]])
    first[0][first[1]] = there
    if choice.random() < 0.5:
        second[0][second[1]] = here
    return _written(content)


def _keys_twice(choice: random.Random, source: bytes) -> bytes:
    lines = source.splitlines(keepends=True)
    place = choice.choice([n for n, line in enumerate(lines) if re.search(rb'^ *"[^"]+": [^{\[]*,$', line.rstrip())])
    return b"".join([*lines[:place], *lines[place : place + 1] * choice.choice([2, 3]), *lines[place + 1 :]])


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _truncated,
    _bits_flipped,
    _digits_changed,
    _bytes_moved,
    _binary,
    _another_document,
    _values_replaced,
    _values_replaced,
    _numbers_replaced,
    _keys_changed,
    _parts_exchanged,
    _keys_twice,
)


def _place(choice: random.Random, content: Any) -> tuple[Any, Any]:
    return choice.choice(_places(content))


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON document: a container, and one of its keys."""
    places = []
    waiting = [content]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        places += [(container, key) for key in keys]
        waiting += [container[key] for key in keys if isinstance(container[key], dict | list)]
    return places


def _written(content: Any) -> bytes:
    text = json.dumps(content)
    for mark, instead in RAW.items():
        text = text.replace(f'"{mark}"', instead)
    return text.encode()
