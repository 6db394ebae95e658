"""The same work on several interpreters: what each model gains there, and what an interpreter gains over another.

A run alternates the interpreters in blocks: one session of each, in random order, with the same seed and plan. Pairing
by block removes what a block has in common, the machine's state and the data, as pairing by pass does within a session.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from parabench.analyse.moderated import NO_PRIOR
from parabench.analyse.ranking import Ratio, compare

#: interpreter -> model -> block -> seconds per round
Times = Mapping[str, Mapping[str, Mapping[int, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One model of one workload on one interpreter."""

    interpreter: str
    model: str
    #: Median seconds per round over the sessions.
    seconds: float
    sessions: int
    #: Seconds of the sequential model on the same interpreter / seconds of this one; None where it was not measured.
    speedup: Ratio | None
    #: Seconds here / seconds of the same model on the baseline interpreter; None for the baseline itself.
    against_baseline: Ratio | None


def standings(
    times: Times, *, baseline: str, sequential: str = "sequential", confidence: float = 0.95
) -> list[Standing]:
    """All models of one workload on all interpreters, in the order given; intervals hold one by one.

    `baseline` is the interpreter that the others are compared with.
    """
    standings_found = []
    for interpreter, models in times.items():
        alone = models.get(sequential, {})
        for model, blocks in models.items():
            if not blocks:
                continue
            there = times.get(baseline, {}).get(model, {})
            standings_found.append(
                Standing(
                    interpreter=interpreter,
                    model=model,
                    seconds=statistics.median(blocks.values()),
                    sessions=len(blocks),
                    speedup=_ratio(alone, blocks, confidence),
                    against_baseline=None if interpreter == baseline else _ratio(blocks, there, confidence),
                )
            )
    return standings_found


def fastest(times: Times, *, confidence: float = 0.95) -> tuple[str, str] | None:
    """Interpreter and model of one workload that are faster than every other pair for sure; None: it is not settled.

    Blocks in common pair them, as elsewhere; the error probability is divided by the number of comparisons
    (Bonferroni), because the smallest of many medians is picked first.
    """
    blocks = {
        (label, model): times_of_pair
        for label, models in times.items()
        for model, times_of_pair in models.items()
        if times_of_pair
    }
    if len(blocks) < 2:
        return None
    first = min(blocks, key=lambda pair: statistics.median(blocks[pair].values()))
    each = 1 - (1 - confidence) / (len(blocks) - 1)
    others = (
        compare(times_of_pair, blocks[first], each, NO_PRIOR) for pair, times_of_pair in blocks.items() if pair != first
    )
    return first if all(ratio.low is not None and ratio.low > 1 for ratio in others) else None


def _ratio(slower: Mapping[int, float], faster: Mapping[int, float], confidence: float) -> Ratio | None:
    ratio = compare(slower, faster, confidence, NO_PRIOR)
    return ratio if ratio.pairs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where one model overtakes another as something grows: the number of workers, or the length of a task."""

    #: None: it lies above `low`, the largest size measured, or below `high`, the smallest one.
    at: float | None
    #: The measured sizes between which it lies.
    low: float | None
    high: float | None


def crossing(ratios: Mapping[float, Ratio]) -> Crossing:
    """Where a speed-up passes 1 for good, going up, interpolated on logarithmic scales.

    `one` holds the other's seconds / the model's seconds by size. The place is between the last size at which the
    interval does not lie above 1 and the first one from which on all intervals do; between them the point estimate is
    interpolated, and the two sizes are its bounds.
    """
    sizes = sorted(ratios)
    if not sizes or all(ratios[size].low is None for size in sizes):  # a single pair has no interval
        return Crossing(at=None, low=None, high=None)
    ahead = [(ratios[size].low or 0) > 1 for size in sizes]
    if all(ahead):
        return Crossing(at=None, low=None, high=sizes[0])
    if not ahead[-1]:
        return Crossing(at=None, low=sizes[-1], high=None)
    first = max(n for n, is_ahead in enumerate(ahead) if not is_ahead) + 1
    low, high = sizes[first - 1], sizes[first]
    before, after = math.log(ratios[low].ratio), math.log(ratios[high].ratio)
    share = 0.0 if before >= 0 else before / (before - after)
    return Crossing(at=math.exp(math.log(low) + share * math.log(high / low)), low=low, high=high)
