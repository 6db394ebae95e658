"""What can this machine see? Sessions of unchanged code, dealt out to two sides again and again."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.analyse.spread import variance
from parabench.analyse.verdict import ALPHA, FASTER, SLOWER, THRESHOLD, CellSamples, compare_cells, detectable

#: Random ways to deal the sessions out.
SPLITS = 100
#: Sessions a side that the detectable change is told for.
SESSIONS_A_SIDE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCalibration:
    """What is seen of one kind of work."""

    cells: int
    #: Standard deviation of the logarithm of a replicate, root mean square over the cells.
    spread: float
    #: Smallest slow-down found in 90 % of cases with SESSIONS_A_SIDE sessions a side; 0.1 is 10 %.
    detectable: float | None
    #: Share of cells called changed, over all random splits; nothing had changed.
    false_alarms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """An A/A experiment."""

    sessions: int
    cells: int
    threshold: float
    splits: int
    #: Share of the random splits with any false alarm.
    any_false_alarm: float
    #: Cells called changed between the first half of the sessions and the second.
    called_in_halves: tuple[str, ...]
    kinds: Mapping[str, KindCalibration]


def calibrate(
    replicates: Mapping[str, Sequence[float]],
    kinds: Mapping[str, str],
    *,
    seed: int = 0,
    threshold: float = THRESHOLD,
    alpha: float = ALPHA,
) -> Calibration:
    """Judge an A/A experiment: for each cell its replicates in the order of the sessions, equally many of each, > 0.

    Random balanced splits show the verdicts' own errors; the split into first and second half shows, in addition, the
    drift of the machine over the experiment, which sessions that alternate do not suffer from.
    """
    source = random.Random(seed)
    sessions = min(map(len, replicates.values()), default=0)
    half = sessions // 2
    called = dict.fromkeys(replicates, 0)
    any_called = 0
    for _ in range(SPLITS):
        chosen = set(source.sample(range(sessions), half))
        flagged = _called(replicates, chosen, sessions, threshold, alpha)
        any_called += bool(flagged)
        for cell in flagged:
            called[cell] += 1
    by_kind: dict[str, list[str]] = {}
    for cell in replicates:
        by_kind.setdefault(kinds[cell], []).append(cell)
    return Calibration(
        sessions=sessions,
        cells=len(replicates),
        threshold=threshold,
        splits=SPLITS,
        any_false_alarm=any_called / SPLITS,
        called_in_halves=tuple(_called(replicates, set(range(half)), sessions, threshold, alpha)),
        kinds={
            kind: _kind({cell: replicates[cell] for cell in cells}, called, len(replicates), alpha)
            for kind, cells in sorted(by_kind.items())
        },
    )


def _called(
    replicates: Mapping[str, Sequence[float]], chosen: set[int], sessions: int, threshold: float, alpha: float
) -> list[str]:
    """Cells that are called changed when the chosen sessions are the base and the others are the new side."""
    samples = [
        CellSamples(
            cell=cell,
            base=[values[n] for n in range(sessions) if n in chosen],
            new=[values[n] for n in range(sessions) if n not in chosen],
        )
        for cell, values in replicates.items()
    ]
    verdicts = compare_cells(samples, threshold=threshold, alpha=alpha)
    return [one.cell for one in verdicts if one.verdict in (FASTER, SLOWER)]


def _kind(
    cells: Mapping[str, Sequence[float]], called: Mapping[str, int], cells_in_all: int, alpha: float
) -> KindCalibration:
    variances = [variance([math.log(value) for value in values]) for values in cells.values()]
    spread = math.sqrt(statistics.fmean(variances))
    return KindCalibration(
        cells=len(cells),
        spread=spread,
        detectable=detectable(spread, SESSIONS_A_SIDE, cells_in_all, alpha=alpha),
        false_alarms=sum(called[cell] for cell in cells) / (SPLITS * len(cells)),
    )
