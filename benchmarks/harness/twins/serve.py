"""One side of a pair in a process of its own: a model, its hand-written twin, or another form of that.

    python -m benchmarks.harness.twins.serve {ours,twin,form} MODEL CHUNK WORKERS TASKS

opens it, then runs a batch for each line that it is sent, and answers with the seconds that this took.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.harness.twins.programs import FORMS, TWINS
from parabench.models import find_models
from parabench.task import Batch, TaskCall, reference_to
from parabench.workers.services import Services
from workloads.overhead import no_op, no_op_async


@contextmanager
def ours(model: str, chunk: str, workers: int, items: Sequence[Any]) -> Iterator[Callable[[], list[Any]]]:
    """The model as a cell opens it."""
    call = TaskCall(task=reference_to(no_op), task_async=reference_to(no_op_async))
    definition = find_models()[model]
    gc.freeze()  # as before a cell is forked: no collection looks at what the harness has imported
    with definition.open_with(workers, call, Services(), chunk) as run:
        yield lambda: run(Batch(call, items))


@contextmanager
def twin(model: str, chunk: str, workers: int, items: Sequence[Any]) -> Iterator[Callable[[], list[Any]]]:
    """The hand-written program."""
    with TWINS[model, chunk](workers) as run:
        yield lambda: run(items)


@contextmanager
def form(model: str, chunk: str, workers: int, items: Sequence[Any]) -> Iterator[Callable[[], list[Any]]]:
    """The other form of the hand-written program."""
    with FORMS[model, chunk][1](workers) as run:
        yield lambda: run(items)


def main() -> None:
    """Open one side and run it on demand."""
    side, model, chunk, workers, tasks = sys.argv[1:]
    items = list(range(int(tasks)))
    with {"ours": ours, "twin": twin, "form": form}[side](model, chunk, int(workers), items) as run:
        results = run()
        assert [result[0] if isinstance(result, list | tuple) else result for result in results] == items
        for _ in sys.stdin:
            began = time.perf_counter()
            run()
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
