"""How much visits to a contestant scatter, and what the others of its group say about that.

A visit's log seconds are taken as: what the contestant takes, plus what its pass has in common (the machine is slower
in one pass than in another), plus noise. The noise differs twentyfold between groups: a quiet machine showed 0.5 % for
coroutines and 10 % for pools of processes. So each group (a family of models with a kind of work) has a prior of its
own, estimated as in `moderated`; a group of too few variances takes that of all groups together.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from parabench.analyse.moderated import NO_PRIOR, VARIANCES_LEAST, Prior, prior_of

G = TypeVar("G", bound=Hashable)

Passes = Mapping[str, Mapping[int, float]]


def residual_variances(seconds_by_pass: Passes) -> dict[str, tuple[float, int]]:
    """Variance of the log seconds of each contestant's visits, and its degrees of freedom; of those with two visits.

    `seconds_by_pass` are the contestants of one workload: seconds per round by pass. The part of a pass is the median
    of what the visits of all other contestants take more than their means: one noisy contestant does not move it, and
    none is measured by itself.
    """
    logs = {
        name: {number: math.log(seconds) for number, seconds in passes.items()}
        for name, passes in seconds_by_pass.items()
        if len(passes) > 1
    }
    means = {name: statistics.fmean(passes.values()) for name, passes in logs.items()}
    by_pass: dict[int, dict[str, float]] = {}
    for name, passes in logs.items():
        for number, value in passes.items():
            by_pass.setdefault(number, {})[name] = value - means[name]
    found = {}
    for name, passes in logs.items():
        residuals = [by_pass[number][name] - _of_others(by_pass[number], name) for number in passes]
        found[name] = statistics.variance(residuals), len(passes) - 1
    return found


def _of_others(values: Mapping[str, float], name: str) -> float:
    others = [value for other, value in values.items() if other != name]
    return statistics.median(others) if len(others) > 1 else 0.0


def priors_by_group(variances: Iterable[tuple[G, float, int]]) -> dict[G, Prior]:
    """The prior of each group, from (group, variance, degrees of freedom); NO_PRIOR where even all are too few."""
    groups: dict[G, list[tuple[float, int]]] = {}
    for group, variance, degrees in variances:
        groups.setdefault(group, []).append((variance, degrees))
    everything = prior_of([entry for entries in groups.values() for entry in entries])
    return {
        group: prior_of(entries) if sum(variance > 0 for variance, _ in entries) >= VARIANCES_LEAST else everything
        for group, entries in groups.items()
    }


def prior_of_pair(one: Prior, other: Prior) -> Prior:
    """The prior of the variance of a log ratio of two contestants whose noise is independent.

    Its degrees of freedom are Satterthwaite's, "An approximate distribution of estimates of variance components",
    Biometrics Bulletin 2(6), 1946.
    """
    if one.degrees <= 0 or other.degrees <= 0:
        return NO_PRIOR
    variance = one.variance + other.variance
    if variance <= 0:
        return NO_PRIOR
    degrees = variance**2 / (one.variance**2 / one.degrees + other.variance**2 / other.degrees)
    return Prior(variance=variance, degrees=degrees)


def variance_ratio(rounds_of_visits: Iterable[Sequence[float]], variance_of_visits: float) -> float | None:
    """Variance of log seconds between the rounds of a visit / between visits; None without visits of several rounds.

    `rounds_of_visits` are seconds per round, a sequence a visit; `variance_of_visits` is that of the log of each
    visit's median round, of which the rounds' own part (pi / 2 of the variance of a mean, for medians) is taken off.
    """
    visits = [[math.log(seconds) for seconds in visit] for visit in rounds_of_visits if len(visit) > 1]
    if not visits:
        return None
    within = statistics.fmean(statistics.variance(visit) for visit in visits)
    rounds = statistics.fmean(len(visit) for visit in visits)
    between = variance_of_visits - math.pi / 2 * within / rounds
    return within / between if between > 0 else math.inf
