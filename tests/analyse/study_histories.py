"""Simulated histories: how often is a change seen where there is none, and one found where there is?

`python tests/analyse/study_histories.py` takes some minutes. A session scatters by 3 %. "batches": eight sessions share
another 3 %; "ar 0.8": neighbouring sessions have a correlation of 0.8; "walk": the machine goes wherever it likes.
Shares of histories with any false change, with their 95 % intervals; then of those with a step in the middle, those in
which a change is found within a batch, or two sessions, of it.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable

from simulated import wilson

from parabench.analyse.change_points import change_points

NOISE = 0.03

#: Logarithms of so many sessions, and the batch of each.
History = Callable[[random.Random, int], tuple[list[float], list[int]]]


def plain(source: random.Random, n: int) -> tuple[list[float], list[int]]:
    """Independent sessions."""
    return [source.gauss(0, NOISE) for _ in range(n)], list(range(n))


def late(source: random.Random, n: int) -> tuple[list[float], list[int]]:
    """One session in twenty is 10 to 100 % late."""
    values = plain(source, n)[0]
    return [v + (math.log(1 + source.uniform(0.1, 1.0)) if source.random() < 0.05 else 0) for v in values], list(
        range(n)
    )


def batched(source: random.Random, n: int) -> tuple[list[float], list[int]]:
    """Eight sessions that share a day."""
    effects = [source.gauss(0, NOISE) for _ in range(n // 8 + 1)]
    return [effects[k // 8] + source.gauss(0, NOISE) for k in range(n)], [k // 8 for k in range(n)]


def autoregressive(correlation: float) -> History:
    """Noise that remembers."""

    def history(source: random.Random, n: int) -> tuple[list[float], list[int]]:
        values = [source.gauss(0, NOISE)]
        while len(values) < n:
            values.append(correlation * values[-1] + source.gauss(0, NOISE * math.sqrt(1 - correlation**2)))
        return values, list(range(n))

    return history


def walk(source: random.Random, n: int) -> tuple[list[float], list[int]]:
    """A random walk of 1 % a session."""
    values = [0.0]
    while len(values) < n:
        values.append(values[-1] + source.gauss(0, 0.01))
    return values, list(range(n))


NOISES: dict[str, History] = {
    "plain": plain,
    "late": late,
    "batches": batched,
    "ar 0.5": autoregressive(0.5),
    "ar 0.8": autoregressive(0.8),
    "walk": walk,
}


def has_false_change(source: random.Random, noise: str, n: int, cells: int = 1) -> bool:
    """Whether a history without a change shows one."""
    values, batches = NOISES[noise](source, n)
    return bool(change_points([math.exp(v) for v in values], batches=batches, cells=cells).changes)


def finds(source: random.Random, noise: str, n: int, size: float, cells: int = 1) -> bool:
    """Whether a step in the middle is found."""
    values, batches = NOISES[noise](source, n)
    middle, near = (n // 16 * 8, 8) if noise == "batches" else (n // 2, 2)
    seconds = [math.exp(v) * (size if k >= middle else 1) for k, v in enumerate(values)]
    found = change_points(seconds, batches=batches, cells=cells).changes
    return any(abs(change.place - middle) <= near for change in found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", nargs="*", default=list(NOISES), choices=list(NOISES))
    given = parser.parse_args()
    print(f"{'noise':8} {'sessions':>8} {'any false change':>24} {'10 % found':>24} {'20 % found':>24}")
    for noise in given.noise:
        for n in (30, 60, 100, 300):
            source, of = random.Random(f"{given.seed}{noise}{n}"), given.histories
            false = sum(has_false_change(source, noise, n) for _ in range(of))
            found = [sum(finds(source, noise, n, size) for _ in range(of // 3)) for size in (1.1, 1.2)]
            told = [wilson(false, of), *(wilson(hits, of // 3) for hits in found)]
            print(f"{noise:8} {n:8} " + " ".join(f"{text:>24}" for text in told), flush=True)


if __name__ == "__main__":
    main()
