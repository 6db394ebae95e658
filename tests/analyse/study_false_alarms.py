"""Simulated study: how often does each gate call a change where nothing changed, and how often does it find a real one?

`python tests/analyse/study_false_alarms.py` takes a minute; `--comparisons 2000` makes the intervals narrower.

Each comparison has 15 cells. A session's number for a cell differs from session to session by 3 %, two thirds of it (in
standard deviation) shared by all cells of the session; its 15 rounds scatter by an eighth of that, now and then one is
much slower; and the machine drifts by 3 % from the first session to the last. Base and new sessions alternate.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterable, Sequence

from simulated import wilson

from parabench.analyse.estimate import Sides
from parabench.analyse.student import t_quantile
from parabench.analyse.verdict import FASTER, SLOWER, CellSamples, compare_cells
from parabench.analyse.welch import welch_p

CELLS, ROUNDS, SESSIONS = 15, 15, 8
BETWEEN, SHARED, DRIFT = 0.03, 0.02, 0.03
WITHIN = BETWEEN / 8

#: Rounds of one cell in one session, in seconds.
Rounds = list[float]
#: Says for the rounds of one cell before and after whether it changed.
Gate = Callable[[Rounds, Rounds], bool]


def session(source: random.Random, place: float, slower: Sequence[float]) -> list[Rounds]:
    """The rounds of every cell; `place` runs from 0 to 1 over the experiment, `slower` is each cell's true factor."""
    shared = source.gauss(0, SHARED) + DRIFT * place
    own = math.sqrt(BETWEEN**2 - SHARED**2)
    cells = []
    for factor in slower:
        level = math.log(factor) + shared + source.gauss(0, own)
        outliers = [source.expovariate(1 / 0.3) if source.random() < 0.03 else 0.0 for _ in range(ROUNDS)]
        cells.append([math.exp(level + source.gauss(0, WITHIN) + late) for late in outliers])
    return cells


def experiment(
    source: random.Random, sessions: int, slower: Sequence[float]
) -> tuple[list[list[Rounds]], list[list[Rounds]]]:
    """Sessions of both sides, run in random blocks of two; cells are slower on the second."""
    sides: tuple[list[list[Rounds]], list[list[Rounds]]] = ([], [])
    for block in range(sessions):
        for turn, side in enumerate(source.sample([0, 1], 2)):
            place = (2 * block + turn) / (2 * sessions)
            sides[side].append(session(source, place, slower if side else [1.0] * CELLS))
    return sides


def beyond(statistic: Callable[[Rounds], float], share: float) -> Gate:
    """pytest-benchmark's --benchmark-compare-fail=STATISTIC:SHARE%."""
    return lambda base, new: statistic(new) > statistic(base) * (1 + share)


def mann_whitney_p(base: Rounds, new: Rounds) -> float:
    """Two-sided, by the normal approximation (Mann and Whitney 1947); rounds are all different."""
    above = sum(one < other for one in base for other in new)
    n, m = len(base), len(new)
    z = (abs(above - n * m / 2) - 0.5) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(max(0.0, z) / math.sqrt(2))


def apart(base: Rounds, new: Rounds) -> bool:
    """Whether the 95 % intervals of the two means do not overlap."""
    ends = []
    for rounds in (base, new):
        half = t_quantile(0.95, len(rounds) - 1) * statistics.stdev(rounds) / math.sqrt(len(rounds))
        ends.append((statistics.fmean(rounds) - half, statistics.fmean(rounds) + half))
    return ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]


GATES: dict[str, Gate] = {
    "--benchmark-compare-fail=min:5%": beyond(min, 0.05),
    "--benchmark-compare-fail=mean:5%": beyond(statistics.fmean, 0.05),
    "--benchmark-compare-fail=mean:10%": beyond(statistics.fmean, 0.10),
    "--benchmark-compare-fail=mean:25%": beyond(statistics.fmean, 0.25),
    "Welch on rounds": lambda base, new: welch_p(base, new) < 0.05,
    "Welch on rounds, Bonferroni": lambda base, new: welch_p(base, new) < 0.05 / CELLS,
    "Mann-Whitney on rounds": lambda base, new: mann_whitney_p(base, new) < 0.05,
    "Mann-Whitney on rounds, Bonferroni": lambda base, new: mann_whitney_p(base, new) < 0.05 / CELLS,
    "intervals of two runs do not overlap": apart,
}


def ours(base: list[list[Rounds]], new: list[list[Rounds]]) -> list[bool]:
    """Which cells our verdict calls changed, from the session medians; sessions took turns."""

    def replicates(sessions: list[list[Rounds]], cell: int) -> list[float]:
        return [statistics.median(one[cell]) for one in sessions]

    samples = [
        CellSamples(cell=str(cell), base=replicates(base, cell), new=replicates(new, cell)) for cell in range(CELLS)
    ]
    sides = Sides(base=[2.0 * n for n in range(len(base))], new=[2.0 * n + 1 for n in range(len(new))])
    return [verdict.verdict in (FASTER, SLOWER) for verdict in compare_cells(samples, sides)]


def false_alarms(source: random.Random, comparisons: int) -> Iterable[tuple[str, int, int]]:
    """(gate, cells called, comparisons with any cell called) over comparisons of unchanged code."""
    names = [*GATES, f"verdicts, {SESSIONS} sessions a side"]
    cells, runs = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for _ in range(comparisons):
        base, new = experiment(source, SESSIONS, [1.0] * CELLS)
        called = {name: [gate(base[-1][cell], new[-1][cell]) for cell in range(CELLS)] for name, gate in GATES.items()}
        called[names[-1]] = ours(base, new)
        for name, flags in called.items():
            cells[name] += sum(flags)
            runs[name] += any(flags)
    return [(name, cells[name], runs[name]) for name in names]


def found(source: random.Random, comparisons: int, sessions: int) -> tuple[int, int]:
    """A true slow-down of 10 % in one cell: how often it is called, and in how many comparisons another cell is."""
    right = wrong = 0
    for _ in range(comparisons):
        flags = ours(*experiment(source, sessions, [1.1] + [1.0] * (CELLS - 1)))
        right += flags[0]
        wrong += any(flags[1:])
    return right, wrong


def draw(path: str, alarms: Sequence[tuple[str, int, int]], powers: Sequence[tuple[int, int]], n: int) -> None:
    """Both tables as a picture (matplotlib, of the extra `docs`)."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(3, 2), layout="constrained")
    names = [name for name, _, _ in reversed(alarms)]
    shares = [100 * runs / n for _, _, runs in reversed(alarms)]
    ours_too = ["tab:blue" if name.startswith("verdicts") else "tab:gray" for name in names]
    left.bar_label(left.barh(names, shares, color=ours_too), fmt="%.1f %%", padding=3)
    left.set(xlim=(0, 115), xlabel=f"comparisons of {CELLS} unchanged cells with any false alarm, %")
    sides = [str(sessions) for sessions, _ in powers]
    bars = right.bar(sides, [100 * hits / n for _, hits in powers], color="tab:blue")
    right.bar_label(bars, fmt="%.0f %%", padding=3)
    right.set(ylim=(0, 112), xlabel="sessions a side", ylabel="true slow-downs of 10 % found by the verdicts, %")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--comparisons", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", metavar="FILE", help="Draw them, too.")
    given = parser.parse_args()
    source, n = random.Random(given.seed), given.comparisons
    print(f"nothing changed: {n} comparisons of {CELLS} cells (seed {given.seed})")
    print(f"{'gate':45} {'false alarms per cell':>25} {'comparisons with any':>27}")
    alarms = list(false_alarms(source, n))
    for name, cells, runs in alarms:
        print(f"{name:45} {wilson(cells, n * CELLS):>25} {wilson(runs, n):>27}")
    print("\none cell really is 10 % slower")
    print(f"{'sessions a side':45} {'found':>25} {'another cell called':>27}")
    powers = []
    for sessions in (5, 8, 16):
        right, wrong = found(source, n, sessions)
        powers.append((sessions, right))
        print(f"{sessions:<45} {wilson(right, n):>25} {wilson(wrong, n):>27}")
    if given.figure:
        draw(given.figure, alarms, powers, n)


if __name__ == "__main__":
    main()
