"""The order in which each pass visits the cells.

A pass is made of blocks, one for each workload, in a new random order. Models are compared within their workload, so
the visits that are compared are neighbours in time, and whatever drifts more slowly than a block lasts is the same for
all of them. Within a block the models follow one another in the rows of a Williams design, a Latin square that is
balanced for what a visit leaves behind for the next one: over as many passes as there are models each comes once in
every place and (for an even number) once after every other one. E. J. Williams, "Experimental designs balanced for the
estimation of residual effects of treatments", Australian Journal of Scientific Research A 2 (1949), 149-168. Rows and
names are drawn at random, and again when the design is used up.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def order_of_passes(blocks: Sequence[Sequence[T]], passes: int, seed: int) -> list[list[T]]:
    """One order of all cells for each of so many passes, the same for the same seed."""
    return list(itertools.islice(endless_orders(blocks, seed), passes))


def endless_orders(
    blocks: Sequence[Sequence[T]], seed: int, first: Callable[[T], Any] = lambda _: 0
) -> Iterator[list[T]]:
    """The same for as many passes as are asked for, each drawn when its turn comes.

    In the first pass, what has the smaller key `first` comes first within its block: whether the others are worth a
    visit is known only after it.
    """
    source = random.Random(seed)
    rows = [_rows(block, source) for block in blocks]
    for number in itertools.count():
        drawn = [next(block) for block in rows]
        if number == 0:
            drawn = [sorted(block, key=first) for block in drawn]
        source.shuffle(drawn)
        yield [cell for block in drawn for cell in block]


def williams_design(size: int) -> list[list[int]]:
    """The rows of a Williams design for `size` treatments: `size` rows for an even number, twice as many for an odd."""
    first = [(step + 1) // 2 if step % 2 else -(step // 2) % size for step in range(size)]
    square = [[(entry + row) % size for entry in first] for row in range(size)]
    return square if size % 2 == 0 else square + [row[::-1] for row in square]


def _rows(block: Sequence[T], source: random.Random) -> Iterator[list[T]]:
    """Endless orders of one block."""
    while True:
        names = source.sample(list(block), len(block))
        design = williams_design(len(block))
        for row in source.sample(design, len(design)):
            yield [names[entry] for entry in row]
