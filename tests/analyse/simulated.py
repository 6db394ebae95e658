"""Simulated comparisons of many cells, whose truth is known: what the studies and their short forms share."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parabench.analyse.estimate import Sides
from parabench.analyse.verdict import CellSamples, CellVerdict, compare_cells

#: Standard deviation of a replicate's logarithm.
SPREAD = 0.03
#: Sessions of either side in a batch; batches are a day apart.
IN_A_BATCH = 4
MINUTE, DAY = 60.0, 86400.0

#: Logarithms of the cells' numbers in one session of a batch, given by its number.
Session = Callable[[int], list[float]]


def plain(source: random.Random, cells: int) -> Session:
    """Every number on its own."""
    return lambda batch: [source.gauss(0, SPREAD) for _ in range(cells)]


def common(source: random.Random, cells: int) -> Session:
    """Two thirds of the spread are shared by all cells of a session."""
    own = SPREAD * math.sqrt(5) / 3

    def session(batch: int) -> list[float]:
        shared = source.gauss(0, SPREAD * 2 / 3)
        return [shared + source.gauss(0, own) for _ in range(cells)]

    return session


def heavy(source: random.Random, cells: int) -> Session:
    """Student's t with 2 degrees of freedom, whose variance is infinite; its quartiles are those of the others."""
    scale = SPREAD * 0.6745 / 0.8165

    def session(batch: int) -> list[float]:
        return [scale * source.gauss(0, 1) / math.sqrt(source.expovariate(1.0)) for _ in range(cells)]

    return session


def days(source: random.Random, cells: int) -> Session:
    """All cells of a day share 3 %, and each has 2 % of its own on it, besides the plain noise."""
    effects: dict[int, list[float]] = {}

    def session(batch: int) -> list[float]:
        if batch not in effects:
            shared = source.gauss(0, 0.03)
            effects[batch] = [shared + source.gauss(0, 0.02) for _ in range(cells)]
        return [effect + source.gauss(0, SPREAD) for effect in effects[batch]]

    return session


NOISES = {"plain": plain, "common": common, "heavy": heavy, "days": days}


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Two sides of so many sessions, in turns unless `apart`, and `history` batches of unchanged code before them."""

    noise: str
    cells: int
    sessions: int
    apart: bool = False
    history: int = 0


def simulate(source: random.Random, what: Experiment, changed: Sequence[float] = ()) -> tuple[list[CellSamples], Sides]:
    """Samples and sides; the first cells' true ratios new / base are `changed`, the others' are 1."""
    session = NOISES[what.noise](source, what.cells)
    moments: dict[str, list[float]] = {"base": [], "new": [], "history": []}
    numbers: dict[str, list[list[float]]] = {"base": [], "new": [], "history": []}

    def measure(side: str, batch: int, minute: int) -> None:
        moments[side].append(batch * DAY + minute * MINUTE)
        numbers[side].append(session(batch))

    for batch in range(what.history):
        for minute in range(IN_A_BATCH):
            measure("history", batch, minute)
    for number in range(what.sessions):
        if what.apart:
            measure("base", what.history, number)
            measure("new", what.history + 1, number)
        else:
            first = source.randrange(2)
            for turn in (first, 1 - first):
                measure(("base", "new")[turn], what.history + number // IN_A_BATCH, 2 * number + (turn != first))
    factors = [*changed, *[1.0] * (what.cells - len(changed))]
    samples = [
        CellSamples(
            cell=str(cell),
            base=[math.exp(session[cell]) for session in numbers["base"]],
            new=[factor * math.exp(session[cell]) for session in numbers["new"]],
            history=[math.exp(session[cell]) for session in numbers["history"]],
        )
        for cell, factor in enumerate(factors)
    ]
    earlier = [(moment, "code") for moment in moments["history"]]
    return samples, Sides(base=moments["base"], new=moments["new"], history=earlier)


def verdicts(source: random.Random, what: Experiment, changed: Sequence[float] = ()) -> list[CellVerdict]:
    """What is said about a simulated experiment."""
    return compare_cells(*simulate(source, what, changed))


def wilson(hits: int, of: int) -> str:
    """A share with its 95 % interval (Wilson 1927), in per cent."""
    if not of:
        return "-"
    low, high = wilson_interval(hits, of)
    return f"{100 * hits / of:5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def wilson_interval(hits: int, of: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a share."""
    share, z = hits / of, 1.96
    centre, half = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (centre - half) / (1 + z * z / of)), min(1.0, (centre + half) / (1 + z * z / of))
