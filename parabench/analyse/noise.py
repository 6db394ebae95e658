"""How much visits to a contestant scatter, and what the others of its group say about that.

A visit's log seconds are taken as: what the contestant takes, plus what its pass has in common (the machine is slower
in one pass than in another), plus noise. The noise differs twentyfold between groups: a quiet machine showed 0.5 % for
coroutines and 10 % for pools of processes. So each group (a family of models with a kind of work) has a prior of its
own, estimated as in `moderated`; a group of too few variances takes that of its family, or of all groups together.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from parabench.analyse.moderated import NO_PRIOR, VARIANCES_LEAST, Prior, prior_of

G = TypeVar("G", bound=Hashable)

Passes = Mapping[str, Mapping[int, float]]

#: How often the noise of the groups is estimated again with the weights that it gives.
_TIMES = 4
#: Nothing is measured better than to a hundred-thousandth: an even smaller variance would have all the weight.
_VARIANCE_LEAST = 1e-10


def residual_variances(
    seconds_by_pass: Passes, variances: Mapping[str, float] | None = None
) -> dict[str, tuple[float, int]]:
    """Variance of the log seconds of each contestant's visits, and its degrees of freedom; of those with two visits.

    `seconds_by_pass` are the contestants of one workload: seconds per round by pass. The part of a pass is what the
    visits of all other contestants take more than their means: none is measured by itself. Their median, so that one
    noisy contestant does not move it; or, with `variances` (what is known so far of each contestant's noise), their
    mean weighted by the inverse of these, and what such a mean scatters by itself is taken off the result.
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
    estimates = {}
    for name, passes in logs.items():
        residuals, shares = [], []
        for number in passes:
            others = {other: value for other, value in by_pass[number].items() if other != name}
            part, scatter = _median_part(others) if variances is None else _weighted_part(others, variances)
            residuals.append(by_pass[number][name] - part)
            shares.append(1.0 if variances is None else variances[name] / (variances[name] + scatter))
        estimates[name] = statistics.variance(residuals) * statistics.fmean(shares), len(passes) - 1
    return estimates


def _median_part(others: Mapping[str, float]) -> tuple[float, float]:
    return (statistics.median(others.values()) if len(others) > 1 else 0.0), 0.0


def _weighted_part(others: Mapping[str, float], variances: Mapping[str, float]) -> tuple[float, float]:
    """The part of a pass, and the variance of that estimate; of none other nothing is known, so it is 0."""
    if not others:
        return 0.0, 0.0
    weights = {name: 1 / variances[name] for name in others}
    total = math.fsum(weights.values())
    return math.fsum(weights[name] * value for name, value in others.items()) / total, 1 / total


def variances_by_group(
    workloads: Mapping[str, Passes], group_of: Callable[[str, str], G]
) -> dict[str, dict[str, tuple[G, float, int]]]:
    """Group, variance and degrees of freedom of each contestant of each workload; `group_of` takes both names.

    Where most contestants are noisy, no plain mean or median of them tells what a pass has in common, and the quiet
    ones would seem to be noisy, too. So each group's noise, as found so far, is the weight of its contestants, and all
    is estimated once more (iteratively reweighted least squares; four times is enough for twentyfold noise).
    """
    estimates = {workload: residual_variances(passes) for workload, passes in workloads.items()}
    for _ in range(_TIMES):
        sums: dict[G, list[float]] = {}
        for workload, contestants in estimates.items():
            for name, (variance, degrees) in contestants.items():
                entry = sums.setdefault(group_of(workload, name), [0.0, 0.0])
                entry[0] += variance * degrees
                entry[1] += degrees
        noise = {group: max(squares / degrees, _VARIANCE_LEAST) for group, (squares, degrees) in sums.items()}
        estimates = {
            workload: residual_variances(
                passes, {name: noise[group_of(workload, name)] for name in estimates[workload]}
            )
            for workload, passes in workloads.items()
        }
    return {
        workload: {name: (group_of(workload, name), *variance) for name, variance in contestants.items()}
        for workload, contestants in estimates.items()
    }


def priors_by_group(
    variances: Iterable[tuple[G, float, int]], wider: Callable[[G], Hashable] = lambda _: None
) -> dict[G, Prior]:
    """The prior of each group, from (group, variance, degrees of freedom); NO_PRIOR where even all are too few.

    A group of too few variances takes the prior of its wider group, and that of all where these are too few as well.
    """
    groups: dict[G, list[tuple[float, int]]] = {}
    families: dict[Hashable, list[tuple[float, int]]] = {}
    for group, variance, degrees in variances:
        groups.setdefault(group, []).append((variance, degrees))
        families.setdefault(wider(group), []).append((variance, degrees))
    everything = [entry for entries in groups.values() for entry in entries]
    return {
        group: prior_of(next(filter(_enough, (entries, families[wider(group)])), everything))
        for group, entries in groups.items()
    }


def _enough(variances: Sequence[tuple[float, int]]) -> bool:
    return sum(variance > 0 for variance, _ in variances) >= VARIANCES_LEAST


def prior_of_pair(first: Prior, second: Prior) -> Prior:
    """The prior of the variance of a log ratio of two contestants whose noise is independent.

    Its degrees of freedom are Satterthwaite's, "An approximate distribution of estimates of variance components",
    Biometrics Bulletin 2(6), 1946.
    """
    if first.degrees <= 0 or second.degrees <= 0:
        return NO_PRIOR
    variance = first.variance + second.variance
    if variance <= 0:
        return NO_PRIOR
    degrees = variance**2 / (first.variance**2 / first.degrees + second.variance**2 / second.degrees)
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
