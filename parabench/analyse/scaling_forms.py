"""Curves of throughput by number of workers, with two parameters besides their height, and how one is fitted.

They are fitted to the logarithms of throughputs, where the height is a mean and falls out: on a grid of the two others,
whose best point is then polished.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Parameters = tuple[float, float]
#: Log of throughput by number of workers.
Logs = Mapping[int, float]

_ALPHAS = (0.0, *(10 ** (k / 3) for k in range(-12, 1)))
_BETAS = (0.0, *(10 ** (k / 3) for k in range(-18, 1)))


@dataclass(frozen=True, slots=True)
class Form:
    """A family of curves with two parameters besides the height."""

    kind: str
    #: log(X(N) / lambda)
    shape: Callable[[int, float, float], float]
    firsts: Sequence[float]
    seconds: Sequence[float]
    #: Least and most of the first, and of the second.
    bounds: tuple[tuple[float, float], tuple[float, float]]


def usl() -> Form:
    """The Universal Scalability Law."""

    def shape(n: int, alpha: float, beta: float) -> float:
        return math.log(n / (1 + alpha * (n - 1) + beta * n * (n - 1)))

    return Form("usl", shape, _ALPHAS, _BETAS, ((0.0, 1.0), (0.0, 10.0)))


def piecewise(cores: int) -> Form:
    """Amdahl's law up to the cores, and a power of the number of workers beyond them."""

    def shape(n: int, alpha: float, power: float) -> float:
        within = min(n, cores)
        return math.log(within / (1 + alpha * (within - 1))) + power * math.log(max(n, cores) / cores)

    powers = [k / 4 for k in range(-8, 5)]
    return Form("piecewise", shape, _ALPHAS, powers, ((0.0, 1.0), (-5.0, 1.0)))


def means_of(sessions: Sequence[Logs]) -> dict[int, float]:
    """Mean log of throughput over the sessions, by number of workers."""
    return {n: statistics.fmean(session[n] for session in sessions) for n in sessions[0]}


def height(form: Form, means: Logs, parameters: Parameters) -> float:
    """Log of lambda that fits best."""
    return statistics.fmean(mean - form.shape(n, *parameters) for n, mean in means.items())


def misfit(form: Form, means: Logs, parameters: Parameters) -> float:
    """Sum of squares that is left, with the best height."""
    left = [mean - form.shape(n, *parameters) for n, mean in means.items()]
    middle = math.fsum(left) / len(left)
    return math.fsum((value - middle) ** 2 for value in left)


def fitted(form: Form, means: Logs) -> Parameters:
    """The parameters that fit best."""
    grid = ((first, second) for first in form.firsts for second in form.seconds)
    return polished(form, means, min(grid, key=lambda parameters: misfit(form, means, parameters)))


def corners(form: Form) -> list[Parameters]:
    """Some points of the grid, from which a resample may be polished."""
    return [(first, second) for first in form.firsts[::4] for second in form.seconds[::4]]


def polished(form: Form, means: Logs, start: Parameters) -> Parameters:
    """Goes downhill along the axes and diagonals in steps that get shorter, within the bounds."""
    at, least = start, misfit(form, means, start)
    steps = [max(0.3 * abs(value), 1e-4) for value in start]
    while max(steps) > 1e-7:
        tried = []
        for first, second in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)):
            moved = (at[0] + first * steps[0], at[1] + second * steps[1])
            inside = tuple(min(max(v, low), high) for v, (low, high) in zip(moved, form.bounds, strict=True))
            tried.append((inside[0], inside[1]))
        lower, best = min((misfit(form, means, each), each) for each in tried)
        if lower < least:
            at, least = best, lower
        else:
            steps = [step / 2 for step in steps]
    return at
