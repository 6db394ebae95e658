"""Matrix products with NumPy: a BLAS that has threads of its own, and what workers beside them do to it.

Eight workers whose BLAS starts eight threads each are 64 threads on eight cores. The second workload limits the BLAS to
one thread a worker, as a program with workers should.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from parabench.workload import Json, Settings, Size, Workload, cpu_limit

#: size -> (tasks, rows of a square matrix).
MATRICES: Mapping[Size, tuple[int, int]] = {"small": (24, 360), "medium": (48, 700), "large": (96, 1_400)}
#: BLAS adds in another order with other numbers of threads.
TOLERANCE = 1e-9


def multiply_matrices(item: Mapping[str, int], _: object = None) -> dict[str, Json]:
    """Trace and largest entry of the product of two seeded matrices of numbers from 0 to 1."""
    import numpy as np  # not at the top: other workloads are found without it

    source = np.random.default_rng(item["seed"])
    left, right = source.random((2, item["rows"], item["rows"]))
    product = left @ right
    return {"trace": float(product.trace()), "largest": float(product.max())}


@contextmanager
def one_thread(settings: Settings) -> Iterator[Any]:
    """Limit the BLAS of this worker to one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1) as limits:
        yield limits


def items(size: Size) -> list[Json]:
    """Matrices that differ in their seed."""
    tasks, rows = MATRICES[size]
    return [{"seed": task, "rows": rows} for task in range(tasks)]


def check(item: Json, result: Json) -> bool:
    """Every entry is a sum of products of numbers from 0 to 1: the trace lies between, and near a quarter of it."""
    rows = item["rows"]
    return bool(0.2 * rows * rows < result["trace"] < 0.3 * rows * rows and 0 < result["largest"] < rows)


def _workload(name: str, description: str, **fields: Any) -> Workload:
    return Workload(
        name=name,
        kind="native",
        description=description,
        task=multiply_matrices,
        items=items,
        check=check,
        tolerance=TOLERANCE,
        libraries=("numpy", *fields.pop("more_libraries", ())),
        limit=cpu_limit,
        on_request=True,
        **fields,
    )


WORKLOADS = (
    _workload(
        "multiply-matrices",
        "Multiplies matrices with NumPy, whose BLAS starts threads of its own in every worker.",
        imports=("numpy",),
    ),
    _workload(
        "multiply-matrices-one-thread",
        "Multiplies matrices with NumPy, whose BLAS is limited to one thread a worker.",
        context=one_thread,
        imports=("numpy", "threadpoolctl"),
        more_libraries=("threadpoolctl",),
    ),
)
