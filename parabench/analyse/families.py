"""Families of contestants as contrasts of their own: all pools of processes together against all threads.

A user asks first which family it should be, and that is settled long before its members are told apart: the mean of
several contestants scatters less than each of them, and there are fewer families than contestants to compare. What
stands for a family are the members that still run and are near the best of them; so a family is not judged by its
forms that nobody would choose.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

from parabench.analyse.moderated import NO_PRIOR, Prior
from parabench.analyse.noise import prior_of_pair
from parabench.analyse.ranking import Ratio, compare

#: Members within this factor of the best one of their family stand for it.
NEAR_BEST = 1.1


def families_behind(
    leader: str,
    behind: Mapping[str, float],
    families: Mapping[str, str],
    seconds_by_pass: Mapping[str, Mapping[int, float]],
    confidence: float,
    priors: Mapping[str, Prior],
) -> dict[str, Ratio]:
    """Seconds of each other family / seconds of the leader's family, with an interval of this confidence.

    `behind`: seconds of each contestant that still runs / seconds of the leader, which is not in it. A family that
    shares no pass with that of the leader has no bounds, and a NaN.
    """
    members: dict[str, dict[str, float]] = {families[leader]: {leader: 1.0}}
    for name, ratio in behind.items():
        if not math.isnan(ratio):
            members.setdefault(families[name], {})[name] = ratio
    near = {family: _near_best(ratios, seconds_by_pass) for family, ratios in members.items()}
    own = near.pop(families[leader])
    return {
        family: compare(
            _together(names, seconds_by_pass),
            _together(own, seconds_by_pass),
            confidence,
            prior_of_pair(prior_of_mean(names, priors), prior_of_mean(own, priors)),
        )
        for family, names in near.items()
    }


def prior_of_mean(names: list[str], priors: Mapping[str, Prior]) -> Prior:
    """The prior of the variance of a mean of contestants' log seconds, whose noise is independent.

    Its degrees of freedom are Satterthwaite's (1946), as in `prior_of_pair`.
    """
    each = [priors.get(name, NO_PRIOR) for name in names]
    variance = math.fsum(prior.variance for prior in each)
    if variance <= 0 or any(prior.degrees <= 0 for prior in each):
        return NO_PRIOR
    degrees = variance**2 / math.fsum(prior.variance**2 / prior.degrees for prior in each)
    return Prior(variance=variance / len(each) ** 2, degrees=degrees)


def _near_best(ratios: Mapping[str, float], seconds_by_pass: Mapping[str, Mapping[int, float]]) -> list[str]:
    """Those near the best one; of them those with most visits, so that all of them have passes in common."""
    best = min(ratios.values())
    near = [name for name, ratio in ratios.items() if ratio <= NEAR_BEST * best]
    visits = max(len(seconds_by_pass[name]) for name in near)
    return sorted(name for name in near if len(seconds_by_pass[name]) == visits)


def _together(names: list[str], seconds_by_pass: Mapping[str, Mapping[int, float]]) -> dict[int, float]:
    """The geometric mean of these, by pass that all of them were visited in."""
    common = set.intersection(*(set(seconds_by_pass[name]) for name in names))
    return {number: statistics.geometric_mean([seconds_by_pass[name][number] for name in names]) for number in common}
