"""What sending a batch costs in bytes and seconds of pickling, measured apart from any round."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterable
from typing import Any

from parabench.records import Outcome, Serialisation

#: Short batches are done so often, and the quickest time counts: what the machine did meanwhile is not pickling.
TIMES, SECONDS_LONG = 3, 0.05


def measure_serialisation(serialiser: str, items: Iterable[Any], outcomes: Iterable[Outcome]) -> Serialisation:
    """Items and outcomes of one batch through "pickle", as pools of processes do it, or "json", as queues do."""
    dump, load = _functions(serialiser)
    sent, seconds_dump_items, seconds_load_items = _both_ways(dump, load, list(items))
    back, seconds_dump_values, seconds_load_values = _both_ways(dump, load, list(outcomes))
    return Serialisation(
        serialiser=serialiser,
        bytes_items=sent,
        bytes_values=back,
        seconds_dump_items=seconds_dump_items,
        seconds_load_items=seconds_load_items,
        seconds_dump_values=seconds_dump_values,
        seconds_load_values=seconds_load_values,
    )


def _functions(serialiser: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    if serialiser == "json":
        return json.dumps, json.loads
    return pickle.dumps, pickle.loads


def _both_ways(dump: Callable[[Any], Any], load: Callable[[Any], Any], values: list[Any]) -> tuple[int, float, float]:
    """Bytes of all values, seconds of writing and of reading them."""
    dumps, loads = [], []
    texts: list[Any] = []
    for _ in range(TIMES):
        began = time.perf_counter()
        texts = [dump(value) for value in values]
        dumped = time.perf_counter()
        for text in texts:
            load(text)
        loads.append(time.perf_counter() - dumped)
        dumps.append(dumped - began)
        if dumps[-1] + loads[-1] > SECONDS_LONG:
            break
    return sum(len(text) for text in texts), min(dumps), min(loads)
