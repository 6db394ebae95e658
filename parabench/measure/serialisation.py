"""What sending a batch costs in bytes and seconds of pickling, measured apart from any round."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterable
from typing import Any

from parabench.names import find
from parabench.records import Outcome, Serialisation

#: Short batches are done so often, and the quickest time counts: what the machine did meanwhile is not pickling.
TIMES, SECONDS_LONG = 3, 0.05


def measure_serialisation(serialiser: str, items: Iterable[Any], outcomes: Iterable[Outcome]) -> Serialisation:
    """Items and outcomes of one batch as their model sends them: "pickle:dumps", "json:dumps", its library's own."""
    dump, load = find(serialiser), json.loads if serialiser.startswith("json") else pickle.loads
    sent, seconds_dump_items, seconds_load_items = _both_ways(dump, load, list(items))
    back, seconds_dump_values, seconds_load_values = _both_ways(dump, load, list(outcomes))
    return Serialisation(
        serialiser=serialiser.partition(":")[0].partition(".")[0],
        bytes_items=sent,
        bytes_values=back,
        seconds_dump_items=seconds_dump_items,
        seconds_load_items=seconds_load_items,
        seconds_dump_values=seconds_dump_values,
        seconds_load_values=seconds_load_values,
    )


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
