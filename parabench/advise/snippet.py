"""The code to paste: the snippet of the model that is recommended, with the function, its workers and its chunk."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parabench.advise.items import FACTORY
from parabench.advise.target import Target
from parabench.models.contract import Model

_IMPORT = re.compile(r"^from my_work import items, work(?:  # .*)?$", re.MULTILINE)
_FACTORY = re.compile(r"list\(([A-Za-z_][\w.]*)\.\w+\(\)\)")
#: For items that nobody has named and that are too many to be shown.
YOUR_ITEMS = "...  # your items"
#: Items whose text is longer have a line each.
LINE_MOST = 100
#: As many workers as this process may use cores; os.process_cpu_count is new in Python 3.13.
_CORES = 'getattr(os, "process_cpu_count", os.cpu_count)() or 1'

_IN_CHUNKS = """\
{imports}
{work}

def attempt(item):
    try:
        return work(item), None
    except Exception as error:
        return None, repr(error)


if __name__ == "__main__":
    with {pool} as pool:
        for item, (value, error) in zip(items, pool.map(attempt, items{chunksize})):
            print(value if error is None else f"{{item!r}} failed: {{error}}")
"""
_WAIT = """\
        pool.close()
        pool.join()  # the end of the block would kill workers that have not yet written what they print
"""
_POOLS = {
    "mp-pool": ("import multiprocessing", "multiprocessing.Pool(workers)", ""),
    "process-pool-fork": (
        "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor",
        'ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))',
        ", chunksize=chunksize",
    ),
    "interpreters": (
        "from concurrent.futures import InterpreterPoolExecutor",
        "InterpreterPoolExecutor(workers)",
        ", chunksize=chunksize",
    ),
}


def snippet_of(
    model: Model, target: Target, items: str, *, workers: int, chunk: str, cores: int, setup: str | None = None
) -> str:
    """A program that runs every item and prints its value, or why it failed, in the order of the items.

    `items` is an expression that gives them.
    """
    alone = model.capabilities.worker == "caller"
    lines = [
        *_imports(items, target, model, setup),
        f"from {target.module} import {target.dotted.partition('.')[0]}",
        *_working(model, target, setup),
        f"items = {items}",
    ]
    if not alone:
        lines.append(f"workers = {_CORES}" if workers == cores else f"workers = {workers}")
    if chunk == "auto" and model.name in _POOLS:
        imports, pool, chunksize = _POOLS[model.name]
        if chunksize:
            lines.append("chunksize = -(-len(items) // (4 * workers))")
        text = _IN_CHUNKS.format(imports=imports, work="\n".join(lines), pool=pool, chunksize=chunksize)
        text += "" if chunksize else _WAIT  # executors wait by themselves
    else:
        text = _IMPORT.sub(lambda _: "\n".join(lines), model.snippet, count=1)
        text = re.sub(r"(?<=\()4(?=[,)])", "workers", text)
    return f"import os\n{text}" if _CORES in text else text


def modules_of_items(items: str) -> list[str]:
    """The modules that an expression for items needs."""
    factory = _FACTORY.fullmatch(items)
    needed = [module for module in ("csv", "importlib", "json") if f"{module}." in items]
    return needed + ([factory.group(1)] if factory and factory.group(1) not in needed else [])


def _imports(items: str, target: Target, model: Model, setup: str | None) -> list[str]:
    """What the lines around the function need."""
    needed = modules_of_items(items)
    if target.is_coroutine and not model.capabilities.accepts_coroutines:
        needed.append("asyncio")
    lines = [f"import {module}" for module in needed]
    if setup is not None:
        lines += ["import threading", f"from {setup.partition(':')[0]} import {setup.partition(':')[2]}"]
    return lines


def _working(model: Model, target: Target, setup: str | None) -> list[str]:
    """The function as `work`, one of an item alone."""
    name, awaited = target.dotted, target.is_coroutine and model.capabilities.accepts_coroutines
    if setup is not None:
        made = setup.partition(":")[2]
        if awaited:
            return [
                *("", "", "async def work(item):"),
                f"    async with {made}() as value:  # better: once a loop",
                *(f"        return await {name}(item, value)", "", ""),
            ]
        call = f"asyncio.run({name}(item, local.value))" if target.is_coroutine else f"{name}(item, local.value)"
        return [
            *("local = threading.local()", "", "", "def work(item):"),
            '    if not hasattr(local, "value"):  # once a worker',
            f"        local.made = {made}()",
            '        local.value = local.made.__enter__() if hasattr(local.made, "__enter__") else local.made',
            *(f"    return {call}", "", ""),
        ]
    if target.is_coroutine and not awaited:
        return ["", "", "def work(item):", f"    return asyncio.run({name}(item))", "", ""]
    return [] if name == "work" else [f"work = {name}"]


def items_expression(text: str) -> str:
    """A Python expression for what `--items` meant, for the code to paste."""
    kind = Path(text).suffix.lower()
    if kind == ".json":
        return f"json.load(open({text!r}))"
    if kind in (".jsonl", ".ndjson"):
        return f"[json.loads(line) for line in open({text!r}) if line.strip()]"
    if kind == ".csv":
        return f"list(csv.DictReader(open({text!r})))"
    if not FACTORY.fullmatch(text):
        return text.strip()
    module, _, name = text.replace(".py:", ":").partition(":")
    if "." in name:  # nobody could tell where the module's name ends
        return f"list(importlib.import_module({module!r}).{name}())"
    return f"list({module}.{name}())"


def literal_of(items: Sequence[Any]) -> str:
    """Python that gives these items again, a line each where there are many."""
    text = repr(items)
    try:
        same = ast.literal_eval(text) == items
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # infinity, an enumeration: JSON has them all
        same = False
    if not same:
        return f"json.loads({json.dumps(items)!r})"
    return text if len(text) <= LINE_MOST else "[\n" + "".join(f"    {item!r},\n" for item in items) + "]"
