"""Simulated histories: how often does each search see a change where there is none, and find one where there is?

`python tests/analyse/study_change_points.py` takes a minute. A replicate scatters by 3 % from session to session. The
series of one row are all of a kind: no change; one session in twenty late by 10 to 100 %; two modes 5 % apart; a slow
drift of 4 % in all; a step in the middle. "unchanged" columns give false changes per 100 series, "step" columns the
share of series in which a change is found within two sessions of the true place. Then: what a search of 1,000 sessions
takes beside one by ruptures, which a process has to import first. Needs ruptures: Python below 3.14.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import ruptures

from parabench.analyse.change_points import SESSIONS_LEAST, candidates, change_points, spread_of_steps

Search = Callable[[Sequence[float]], Sequence[int]]
NOISE, WITHIN = 0.03, 2


def series(source: random.Random, kind: str, n: int) -> list[float]:
    """Logarithms of replicates."""
    values = [source.gauss(0, NOISE) for _ in range(n)]
    if kind == "late":
        values = [v + (math.log(1 + source.uniform(0.1, 1.0)) if source.random() < 0.05 else 0) for v in values]
    elif kind == "modes":
        values = [source.gauss(0, 0.01) + 0.05 * (source.random() < 0.4) for _ in range(n)]
    elif kind == "drift":
        values = [v + 0.04 * place / n for place, v in enumerate(values)]
    elif kind.startswith("step"):
        size = math.log1p(float(kind[4:]) / 100)
        values = [v + size * (place >= n // 2) for place, v in enumerate(values)]
    return values


def kernel(kernel_name: str, penalty: float) -> Search:
    """ruptures' KernelCPD on the series in units of its noise."""

    def search(logs: Sequence[float]) -> Sequence[int]:
        signal = np.asarray(logs).reshape(-1, 1) / spread_of_steps(logs)
        found = ruptures.KernelCPD(kernel=kernel_name, min_size=SESSIONS_LEAST).fit(signal)
        return found.predict(pen=penalty * math.log(len(logs)))[:-1]

    return search


def general(method: type, model: str, penalty: float) -> Search:
    """One of ruptures' searches with one of its costs."""

    def search(logs: Sequence[float]) -> Sequence[int]:
        signal = np.asarray(logs).reshape(-1, 1) / spread_of_steps(logs)
        found = method(model=model, min_size=SESSIONS_LEAST, jump=1).fit(signal)
        return found.predict(pen=penalty * math.log(len(logs)))[:-1]

    return search


def confirmed(logs: Sequence[float]) -> Sequence[int]:
    """What the project uses."""
    return [change.place for change in change_points([math.exp(value) for value in logs]).changes]


SEARCHES: dict[str, Search] = {
    "PELT l2, BIC (2 log n)": kernel("linear", 2.0),
    "PELT l2, 3 log n": kernel("linear", 3.0),
    "PELT l2, 6 log n": kernel("linear", 6.0),
    "binary segmentation l2, 3 log n": general(ruptures.Binseg, "l2", 3.0),
    "PELT l1, 3 log n": general(ruptures.Pelt, "l1", 3.0),
    "kernel rbf, log n": kernel("rbf", 1.0),
    "the same, searched by ours": candidates,
    "confirmed by a test (ours)": confirmed,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    unchanged, steps = ["none", "late", "modes", "drift"], ["step5", "step8", "step10", "step20"]
    print(f"{given.series} series of {given.sessions} sessions each (seed {given.seed})")
    print(f"{'search':34}" + "".join(f"{kind:>8}" for kind in [*unchanged, *steps]) + f"{'ms':>8}")
    for name, search in SEARCHES.items():
        source, row, began = random.Random(given.seed), [], time.perf_counter()
        for kind in unchanged:
            false = sum(len(search(series(source, kind, given.sessions))) for _ in range(given.series))
            row.append(100 * false / given.series)
        for kind in steps:
            hits = sum(
                any(
                    abs(place - given.sessions // 2) <= WITHIN for place in search(series(source, kind, given.sessions))
                )
                for _ in range(given.series)
            )
            row.append(100 * hits / given.series)
        milliseconds = 1000 * (time.perf_counter() - began) / (given.series * len(row))
        print(f"{name:34}" + "".join(f"{value:8.1f}" for value in row) + f"{milliseconds:8.2f}")
    speed(given.seed)


def speed(seed: int, n: int = 1000, turns: int = 30) -> None:
    """Print what searching a history takes beside ruptures, in turns, and what a process pays to import ruptures."""
    seconds: dict[str, list[float]] = {"ours": [], "ruptures": []}
    source, theirs = random.Random(seed), kernel("linear", 3.0)
    for turn in range(turns):
        values = series(source, ("none", "step10", "late")[turn % 3], n)
        for name, search in (("ours", candidates), ("ruptures", theirs)):
            began = time.perf_counter()
            search(values)
            seconds[name].append(time.perf_counter() - began)
    ours, other = (1000 * statistics.median(values) for values in seconds.values())
    imports = []
    for code in ["pass", "import numpy, ruptures"] * 5:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        imports.append(1000 * (time.perf_counter() - began))
    importing = statistics.median(imports[1::2]) - statistics.median(imports[::2])
    print(f"a search of {n} sessions: ours {ours:.1f} ms, ruptures {other:.1f} ms; {importing:.0f} ms to import it")
    for cells in (1, 20, 100):
        print(f"  {cells} cells: ratio ours / ruptures {cells * ours / (importing + cells * other):.2f}")


if __name__ == "__main__":
    main()
