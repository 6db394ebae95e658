"""Which model is fastest within one session: paired log ratios, pass by pass, so that drift of the machine cancels."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parabench.analyse.moderated import NO_PRIOR, Prior, moderated, prior_of
from parabench.analyse.noise import prior_of_pair
from parabench.analyse.student import t_quantile

#: The model whose time divided by another one's is that model's speed-up.
BASELINE = "sequential"
#: Half the width of an interval of a log ratio that says nothing: with one degree of freedom some are beyond any float.
HALF_WIDTH_MOST = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of two times with its confidence interval; without a prior, one pair says nothing of its bounds: None."""

    ratio: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def separates(self) -> bool:
        """Whether the interval excludes 1: the two times really differ."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The models of one workload, fastest first, and how sure the first place is."""

    #: Median seconds per round over the passes that all of these models took part in.
    seconds: Mapping[str, float]
    #: Models whose time cannot be told from the fastest one's; the fastest alone when it won.
    leaders: tuple[str, ...]
    #: Seconds of `baseline` / seconds of the model; empty when the baseline was not measured.
    speedups: Mapping[str, Ratio]

    @property
    def best(self) -> str:
        """The fastest model, winner or first among equals."""
        return self.leaders[0]

    @property
    def is_tie(self) -> bool:
        """Whether more than one model could be the fastest."""
        return len(self.leaders) > 1


def paired_ratio(slower: Sequence[float], faster: Sequence[float], confidence: float, prior: Prior = NO_PRIOR) -> Ratio:
    """Geometric mean of slower/faster over pairs, with the t interval of the mean log ratio.

    Both sequences hold seconds per round by pass, all > 0. Pairing by pass removes what a pass has in common. The
    variance of the log ratios is moderated by `prior` (see `moderated`); without one this is the usual paired t. Of
    one pair the prior says all that is known.
    """
    logs = [math.log(a / b) for a, b in zip(slower, faster, strict=True)]
    mean = statistics.fmean(logs)
    if len(logs) < 2 and prior.degrees < 1:
        return Ratio(ratio=math.exp(mean), low=None, high=None, pairs=len(logs))
    own = statistics.variance(logs) if len(logs) > 1 else 0.0
    variance, degrees = moderated(own, len(logs) - 1, prior)
    half = min(HALF_WIDTH_MOST, t_quantile(confidence, degrees) * math.sqrt(variance / len(logs)))
    return Ratio(ratio=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half), pairs=len(logs))


def common_prior(workloads: Iterable[Mapping[str, Mapping[int, float]]], *, baseline: str = BASELINE) -> Prior:
    """What the log ratios to the baseline, of all models of all workloads of a session, say about their variance."""
    variances = []
    for seconds_by_pass in workloads:
        reference = seconds_by_pass.get(baseline, {})
        for model, passes in seconds_by_pass.items():
            common = reference.keys() & passes.keys()
            if model != baseline and len(common) > 1:
                logs = [math.log(reference[k] / passes[k]) for k in common]
                variances.append((statistics.variance(logs), len(logs) - 1))
    return prior_of(variances)


def rank(
    seconds_by_pass: Mapping[str, Mapping[int, float]],
    *,
    baseline: str = BASELINE,
    confidence: float = 0.95,
    prior: Prior = NO_PRIOR,
    priors: Mapping[str, Prior] | None = None,
) -> Ranking | None:
    """Rank the models of one workload from their seconds per round in each pass; None without any.

    Each comparison runs over the passes both models took part in, with the error probability divided by the number of
    comparisons (Bonferroni), so that all intervals of one workload hold together with `confidence`. `prior` is what is
    known of the variance of any log ratio; `priors`, if given, of each model's own noise (`parabench.analyse.noise`).
    """
    measured = {model: passes for model, passes in seconds_by_pass.items() if passes}
    if not measured:
        return None
    seconds = medians_on_common_passes(measured)
    first = next(iter(seconds))
    each = 1 - (1 - confidence) / max(1, len(measured) - 1)
    others = [model for model in seconds if model != first]

    def compared(slower: str, faster: str) -> Ratio:
        return compare(measured[slower], measured[faster], each, _of_pair(priors, slower, faster, prior))

    behind = {model: compared(model, first) for model in others}
    equals = [model for model, ratio in behind.items() if not ratio.separates]
    speedups = {}
    if baseline in measured:
        speedups = {model: compared(baseline, model) for model in seconds}
    return Ranking(
        seconds=seconds,
        leaders=(first, *equals),
        speedups=speedups,
    )


def _of_pair(priors: Mapping[str, Prior] | None, contestant: str, other: str, prior: Prior) -> Prior:
    if priors is None:
        return prior
    return prior_of_pair(priors.get(contestant, NO_PRIOR), priors.get(other, NO_PRIOR))


def medians_on_common_passes(seconds_by_pass: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """The median seconds per round of each model, fastest first, over the passes that all of them took part in.

    A machine is slower in one pass than in another, so medians over different passes rank passes, not models. Models
    that share no pass cannot be put in order; they keep the median of their own passes.
    """
    common = set.intersection(*(set(passes) for passes in seconds_by_pass.values()))
    medians = {
        model: statistics.median([passes[number] for number in common or passes])
        for model, passes in seconds_by_pass.items()
    }
    return dict(sorted(medians.items(), key=lambda entry: entry[1]))


def compare(slower: Mapping[int, float], faster: Mapping[int, float], confidence: float, prior: Prior) -> Ratio:
    """The paired ratio over the passes that both models took part in; no bounds, and a NaN, without any."""
    common = sorted(slower.keys() & faster.keys())
    if not common:
        return Ratio(ratio=math.nan, low=None, high=None, pairs=0)
    return paired_ratio([slower[k] for k in common], [faster[k] for k in common], confidence, prior)
