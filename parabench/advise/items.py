"""The items: from a file, a literal, a range, or a factory. Nothing is evaluated but literals."""

from __future__ import annotations

import ast
import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from parabench.advise.calling import find_dotted
from parabench.errors import ItemsUnusable

#: "module:function", or "file.py:function".
FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
#: More items are not looked at: a batch is a sample of them anyway.
ITEMS_MOST = 100_000


def read_items(text: str, folder: Path) -> list[Any]:
    """The items that a text means. Raises ItemsUnusable.

    Files and modules are looked for from `folder`.
    """
    path = folder / text
    if path.suffix.lower() in _READERS:
        if not path.is_file():
            raise ItemsUnusable(text, f"there is no file {path}")
        try:
            items = _READERS[path.suffix.lower()](path)
        except (OSError, ValueError, csv.Error) as error:
            raise ItemsUnusable(text, f"it cannot be read: {error}") from None
    elif FACTORY.fullmatch(text):
        items = _made(text)
    else:
        items = _literal(text)
    return checked_items(items, text)


def checked_items(items: Iterable[Any], text: str) -> list[Any]:
    """The first items as a list. Raises ItemsUnusable when there are none, or when JSON cannot hold them."""
    if isinstance(items, str | bytes | dict) or not isinstance(items, Iterable):
        raise ItemsUnusable(text, f"it is a {type(items).__name__}, not a list of items")
    listed = [item for item, _ in zip(items, range(ITEMS_MOST), strict=False)]
    if not listed:
        raise ItemsUnusable(text, "there are no items in it")
    for item in listed:
        try:
            same = json.loads(json.dumps(item)) == _as_lists(item)
        except (TypeError, ValueError) as error:
            raise ItemsUnusable(text, f"the item {item!r:.80} is not a JSON value: {error}") from None
        if not same:
            raise ItemsUnusable(text, f"the item {item!r:.80} is not the same when JSON gives it back")
    return listed


def _as_lists(item: Any) -> Any:
    """Tuples travel as lists."""
    if isinstance(item, list | tuple):
        return [_as_lists(part) for part in item]
    return {key: _as_lists(part) for key, part in item.items()} if isinstance(item, dict) else item


def _literal(text: str) -> Any:
    """A literal, or a range of whole numbers."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "range":
            if tree.keywords:
                raise ItemsUnusable(text, "a range takes numbers only")
            return range(*(ast.literal_eval(argument) for argument in tree.args))
        return ast.literal_eval(tree)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise ItemsUnusable(text, f"it is no file, literal or range ({error})") from None


def _made(text: str) -> Any:
    """What a factory gives; all of it is asked for here, because a generator function runs only then."""
    try:
        made = find_dotted(text.replace(".py:", ":"))()
        return list(itertools.islice(made, ITEMS_MOST)) if isinstance(made, Iterator) else made
    except Exception as error:  # other people's code
        raise ItemsUnusable(text, f"its factory raised {type(error).__name__}: {error}") from error


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_lines(path: Path) -> Any:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _read_csv(path: Path) -> Any:
    """A dictionary for each row, by the names of the first one."""
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


_READERS = {".json": _read_json, ".jsonl": _read_lines, ".ndjson": _read_lines, ".csv": _read_csv}
