"""Items come from files, literals, ranges and factories; nothing else is evaluated."""

from __future__ import annotations

import sys

import pytest

from parabench.advise.items import read_items
from parabench.errors import ItemsUnusable


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("range(3)", [0, 1, 2]),
        ("range(2, 10, 4)", [2, 6]),
        ("['a', {'b': 1}]", ["a", {"b": 1}]),
        ("[(1, 2), (3, 4)]", [(1, 2), (3, 4)]),
        ("(1.5, None, True)", [1.5, None, True]),
    ],
)
def test_literals_and_ranges(tmp_path, text, items):
    assert read_items(text, tmp_path) == items


@pytest.mark.parametrize(
    ("name", "content", "items"),
    [
        ("a.json", "[1, [2], {}]", [1, [2], {}]),
        ("a.jsonl", '{"n": 1}\n\n{"n": 2}\n', [{"n": 1}, {"n": 2}]),
        ("a.csv", "name,size\nx,1\ny,2\n", [{"name": "x", "size": "1"}, {"name": "y", "size": "2"}]),
    ],
)
def test_files(tmp_path, name, content, items):
    (tmp_path / name).write_text(content)
    assert read_items(name, tmp_path) == items


def test_a_factory(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "made_items.py").write_text(
        "def some():\n    yield from range(4)\ndef bad():\n    return 1 / 0\ndef bad_later():\n    yield 1 / 0\n"
    )
    assert read_items("made_items:some", tmp_path) == [0, 1, 2, 3]
    assert read_items("made_items.py:some", tmp_path) == [0, 1, 2, 3]
    for name in ("bad", "bad_later"):
        with pytest.raises(ItemsUnusable, match="its factory raised ZeroDivisionError: division by zero"):
            read_items(f"made_items:{name}", tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("__import__('os').listdir()", "it is no file, literal or range"),
        ("range(open('x'))", "it is no file, literal or range"),
        ("[x for x in range(3)]", "it is no file, literal or range"),
        ("range(stop=3)", "a range takes numbers only"),
        ("[]", "there are no items in it"),
        ("'text'", "it is a str, not a list of items"),
        ("{'a': 1}", "it is a dict, not a list of items"),
        ("[{1}]", "is not a JSON value"),
        ("[{1: 2}]", "is not the same when JSON gives it back"),
        ("missing.json", "there is no file"),
    ],
)
def test_nothing_else_is_evaluated(tmp_path, text, problem):
    with pytest.raises(ItemsUnusable, match="cannot be used") as caught:
        read_items(text, tmp_path)
    assert problem in str(caught.value)


def test_a_file_that_is_not_what_its_name_says(tmp_path):
    (tmp_path / "a.json").write_text("[1,")
    with pytest.raises(ItemsUnusable, match="it cannot be read: Expecting value"):
        read_items("a.json", tmp_path)
