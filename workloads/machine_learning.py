"""CPU-bound work in pure Python: machine learning by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence

from parabench.workload import Json, Size, Workload, cpu_limit

#: size -> (tasks, rows of training data per task).
TRAINING: Mapping[Size, tuple[int, int]] = {"small": (8, 100), "medium": (16, 1_260), "large": (64, 5_200)}

FEATURES = 3
#: Every step shrinks the error by at least a third or so (the Hessian's smallest eigenvalue is about 1/3).
LEARNING_RATE = 0.9
STEPS = 60


def gradient_descent(item: Mapping[str, int]) -> dict[str, Json]:
    """Fit a linear regression to seeded, noise-free data by full-batch gradient descent on plain lists.

    Returns the `coefficients` (intercept first) and the mean squared error before the last step, `loss`.
    """
    generator = random.Random(item["seed"])
    planted = _planted(generator)
    table = [[1.0, *(generator.uniform(-1.0, 1.0) for _ in range(FEATURES))] for _ in range(item["rows"])]
    targets = [_dot(planted, row) for row in table]
    weights = [0.0] * (FEATURES + 1)
    loss = 0.0
    for _ in range(item["steps"]):
        gradient = [0.0] * len(weights)
        loss = 0.0
        for row, target in zip(table, targets, strict=True):
            error = _dot(weights, row) - target
            loss += error * error
            for column, value in enumerate(row):
                gradient[column] += error * value
        for column, slope in enumerate(gradient):
            weights[column] -= LEARNING_RATE * slope / len(table)
    return {"coefficients": weights, "loss": loss / len(table)}


def _planted(generator: random.Random) -> list[float]:
    return [generator.uniform(-5.0, 5.0) for _ in range(FEATURES + 1)]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    # Added in order by hand: what `sum` rounds to depends on the version of Python.
    total = 0.0
    for a, b in zip(left, right, strict=True):
        total += a * b
    return total


def gradient_descent_items(size: Size) -> list[Json]:
    """Training sets that differ in their seed; the number of steps is what convergence needs."""
    tasks, rows = TRAINING[size]
    return [{"seed": task, "rows": rows, "steps": STEPS} for task in range(tasks)]


def gradient_descent_check(item: Json, result: Json) -> bool:
    """The fit recovers the coefficients that the data was made with."""
    planted = _planted(random.Random(item["seed"]))
    pairs = itertools.zip_longest(planted, result["coefficients"], fillvalue=float("nan"))
    return all(abs(a - b) < 1e-3 for a, b in pairs) and 0.0 <= result["loss"] < 1e-6


GRADIENT_DESCENT = Workload(
    name="gradient-descent",
    kind="cpu",
    on_request=True,
    description="Trains a linear regression by gradient descent on plain lists: machine learning without a library.",
    task=gradient_descent,
    items=gradient_descent_items,
    check=gradient_descent_check,
    limit=cpu_limit,
)
