"""How throughput follows from the number of workers, and what may be said of it.

The Universal Scalability Law (Gunther, Guerrilla Capacity Planning, 2007, chapter 4):

    X(N) = lambda N / (1 + alpha (N - 1) + beta N (N - 1)),   0 <= alpha <= 1, beta >= 0

alpha is the share that runs one after the other, beta what each pair of workers costs; beta = 0 is Amdahl's law. It is
fitted to the logarithms of throughputs, where lambda is their mean and falls out, on a grid that is then polished.
Sessions are the replicates: the standard deviation of a bootstrap over them is widened by sqrt(s / (s - 1)) and by the
quantile of Student's t, because few sessions know little of their own scatter; that covers what it promises
(tests/analyse/test_scaling_law.py). A test of lack of fit (Draper and Smith, Applied Regression Analysis, 1998,
section 2.1) against the scatter between sessions may refuse the law, and so does a prediction of the largest count from
all others that is wrong by more than a tenth: what cannot tell what was measured has no business telling what was not.
Then Amdahl's law up to the cores and a power of N beyond them is tried, and then no law fits.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from parabench.analyse.fisher import f_tail
from parabench.analyse.scaling_forms import (
    Form,
    Logs,
    Parameters,
    corners,
    fitted,
    height,
    means_of,
    misfit,
    piecewise,
    polished,
    usl,
)
from parabench.analyse.student import t_quantile

COUNTS_LEAST, SESSIONS_LEAST = 5, 5
RESAMPLES = 200
CONFIDENCE = 0.95
#: A law is refused where chance would be so far off in one of a hundred cases, if it is also wrong by so much.
P_REFUSED, ERROR_REFUSED = 0.01, 0.1
#: It is refused, too, where it is so wrong about the largest count when it is fitted to all others.
ERROR_LEFT_OUT_MOST = 0.1
#: The best number of workers is the smallest one that is so close to the most that is reached.
NEARLY_ALL = 0.95
#: A peak is told up to so many times the largest count that was measured.
BEYOND_MOST = 2


#: What follows from means and the parameters fitted to them.
Value = Callable[[Logs, Parameters], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and where it lies with 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What was found. Throughputs are per second, of whatever the input counts."""

    #: "usl", "piecewise", or "none": no law fits, or there is too little to fit one to; `reason` says which.
    kind: str
    reason: str | None
    counts: tuple[int, ...]
    sessions: int
    #: Share that runs one after the other: alpha.
    serial_share: Interval | None = None
    #: What each pair of workers costs: beta; of a piecewise law None.
    pair_cost: Interval | None = None
    #: Of a piecewise law, the power of N beyond the cores.
    power_beyond: Interval | None = None
    #: The smallest number of workers that reaches 95 % of the most within what was measured.
    best: Interval | None = None
    #: From here on more workers are slower; None: nothing says so.
    slower_beyond: Interval | None = None
    #: Throughputs by count, those that were measured and, as an extrapolation, the next one.
    fitted: Mapping[int, Interval] | None = None
    #: The one count of `fitted` that was not measured.
    extrapolated: int | None = None
    #: How far the means are from the law at most, as a share; and how often chance would be so far off.
    error_most: float | None = None
    p_lack_of_fit: float | None = None
    #: How wrong the law is about the largest count when it is fitted to all others, as a share.
    error_left_out: float | None = None


def fit_law(
    throughputs: Mapping[int, Sequence[float]], cores: int | None, *, seed: int = 0, resamples: int = RESAMPLES
) -> Law:
    """The law of throughputs by number of workers; the n-th of each count are those of the n-th session."""
    counts = tuple(sorted(throughputs))
    sessions = min((len(values) for values in throughputs.values()), default=0)
    if len(counts) < COUNTS_LEAST or sessions < SESSIONS_LEAST:
        few = f"{len(counts)} numbers of workers in {sessions} sessions; {COUNTS_LEAST} and {SESSIONS_LEAST} are needed"
        return Law(kind="none", reason=few, counts=counts, sessions=sessions)
    logs = [{n: math.log(throughputs[n][place]) for n in counts} for place in range(sessions)]
    forms = [usl()] + ([piecewise(cores)] if cores is not None and counts[0] < cores < counts[-1] else [])
    refused = None
    for form in forms:
        law = _fit(form, logs, random.Random(seed), resamples)
        reason = _refusal(law)
        if reason is None:
            return law
        refused = refused or Law(
            kind="none",
            reason=reason,
            counts=counts,
            sessions=sessions,
            error_most=law.error_most,
            p_lack_of_fit=law.p_lack_of_fit,
            error_left_out=law.error_left_out,
        )
    assert refused is not None
    return refused


def _refusal(law: Law) -> str | None:
    """Why a law that was fitted does not hold; None: nothing says so."""
    if (law.p_lack_of_fit or 0.0) < P_REFUSED and (law.error_most or 0.0) > ERROR_REFUSED:
        return f"no law fits: the best one is wrong by {law.error_most:.0%}"
    if (law.error_left_out or 0.0) > ERROR_LEFT_OUT_MOST:
        return (
            f"no law fits: what is fitted to all other numbers is wrong by {law.error_left_out:.0%} "
            f"about {law.counts[-1]} workers"
        )
    return None


def _error_left_out(form: Form, means: Logs) -> float:
    """How wrong a law of all other counts is about the largest, as a share."""
    *counts, most = means
    others = {n: means[n] for n in counts}
    parameters = fitted(form, others)
    predicted = height(form, others, parameters) + form.shape(most, *parameters)
    return abs(math.expm1(predicted - means[most]))


def _fit(form: Form, logs: Sequence[Logs], source: random.Random, resamples: int) -> Law:
    means = means_of(logs)
    counts, sessions = tuple(means), len(logs)
    fit = fitted(form, means)
    drawn = []
    for _ in range(resamples):
        resampled = means_of(source.choices(logs, k=sessions))
        parameters = polished(form, resampled, min((fit, *corners(form)), key=lambda p: misfit(form, resampled, p)))
        drawn.append((resampled, parameters))
    widened = t_quantile(CONFIDENCE, sessions - 1) * math.sqrt(sessions / (sessions - 1))

    def interval(value: Value, low: float = -math.inf, high: float = math.inf) -> Interval:
        middle = value(means, fit)
        reach = widened * statistics.stdev(value(*each) for each in drawn)
        return Interval(middle, max(low, middle - reach), min(high, middle + reach))

    next_count = _next(counts)
    curve = {n: _exp(interval(_log_at(form, n))) for n in (*counts, next_count)}
    (low, high), (low_second, high_second) = form.bounds
    second = interval(lambda m, p: p[1], low_second, high_second)
    return Law(
        kind=form.kind,
        reason=None,
        counts=counts,
        sessions=sessions,
        serial_share=interval(lambda m, p: p[0], low, high),
        pair_cost=second if form.kind == "usl" else None,
        power_beyond=second if form.kind == "piecewise" else None,
        best=_best(form, counts, fit, [parameters for _, parameters in drawn]),
        slower_beyond=_slower_beyond(form, counts, second, fit, drawn, widened),
        fitted=curve,
        extrapolated=next_count,
        error_most=max(abs(math.expm1(means[n] - height(form, means, fit) - form.shape(n, *fit))) for n in counts),
        p_lack_of_fit=_p_lack_of_fit(form, logs, means, fit),
        error_left_out=_error_left_out(form, means),
    )


def _log_at(form: Form, n: int) -> Value:
    return lambda means, parameters: height(form, means, parameters) + form.shape(n, *parameters)


def _slower_beyond(
    form: Form,
    counts: tuple[int, ...],
    second: Interval,
    fit: Parameters,
    drawn: Sequence[tuple[Logs, Parameters]],
    widened: float,
) -> Interval | None:
    """Where more workers become slower; None unless the interval of the cost that makes them slower excludes zero."""
    if form.kind == "piecewise":
        if second.high >= 0:
            return None
        cores = next(n for n in range(1, counts[-1] + 1) if form.shape(n + 1, *fit) < form.shape(n, *fit))
        return Interval(cores, cores, cores)
    if second.low <= 0 or fit[0] >= 1:
        return None
    peak = math.sqrt((1 - fit[0]) / fit[1])
    if peak > BEYOND_MOST * counts[-1]:
        return None
    peaks = [math.log(math.sqrt((1 - alpha) / beta)) for _, (alpha, beta) in drawn if beta > 0 and alpha < 1]
    reach = widened * statistics.stdev(peaks) if len(peaks) > 1 else math.inf
    return Interval(peak, peak * math.exp(-reach), peak * math.exp(min(reach, 700.0)))


def _best(form: Form, counts: tuple[int, ...], fit: Parameters, drawn: Sequence[Parameters]) -> Interval:
    """The smallest number that is nearly as fast as any, and where 95 % of the resamples have it."""
    chosen = sorted(_smallest(form, counts, parameters) for parameters in drawn)
    cut = math.floor(len(chosen) * (1 - CONFIDENCE) / 2)
    return Interval(_smallest(form, counts, fit), chosen[cut], chosen[-1 - cut])


def _smallest(form: Form, counts: tuple[int, ...], parameters: Parameters) -> int:
    shapes = {n: form.shape(n, *parameters) for n in range(counts[0], counts[-1] + 1)}
    enough = max(shapes.values()) + math.log(NEARLY_ALL)
    return next(n for n, shape in shapes.items() if shape >= enough)


def _next(counts: Sequence[int]) -> int:
    """One step further: the last one again, or the double."""
    return min(2 * counts[-1], counts[-1] + (counts[-1] - counts[-2]))


def _p_lack_of_fit(form: Form, logs: Sequence[Logs], means: Logs, fit: Parameters) -> float:
    """How often chance alone would leave the means so far from the law, judged by the scatter between sessions."""
    sessions, free = len(logs), len(means) - 3
    scatter = 0.0
    for session in logs:
        shift = statistics.fmean(session[n] - means[n] for n in means)  # a session is faster or slower as a whole
        scatter += sum((session[n] - means[n] - shift) ** 2 for n in means)
    degrees = (sessions - 1) * (len(means) - 1)
    lack = sessions * misfit(form, means, fit)
    if scatter <= 0:
        return float(lack <= 0)
    return f_tail((lack / free) / (scatter / degrees), free, degrees)


def _exp(interval: Interval) -> Interval:
    return Interval(math.exp(interval.value), math.exp(interval.low), math.exp(min(700.0, interval.high)))
