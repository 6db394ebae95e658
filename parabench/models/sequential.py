"""One task after the other in the calling thread: the baseline of every comparison and the source of right results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall


@contextmanager
def open_sequential(workers: int, call: TaskCall) -> Iterator[Run]:
    """Nothing to start: the caller is the only worker, whatever number was asked for."""
    call.prepare()

    def run(batch: Batch) -> list[Outcome]:
        attempt = batch.call.bound()
        return [attempt(item) for item in batch.items]

    yield run


SNIPPET = """\
from my_work import items, work

for item in items:
    try:
        print(work(item))
    except Exception as error:
        print(f"{item!r} failed: {error!r}")
"""

MODEL = Model(
    name="sequential",
    family="baseline",
    description="one after the other in the calling thread",
    when=(
        "Tasks shorter than what handing them over costs (some 10 us to a thread, 0.1 ms to a process), or work that "
        "is quick enough."
    ),
    limits="One core and one wait at a time.",
    snippet=SNIPPET,
    capabilities=Capabilities(worker="caller", shares_memory=True, pickles=False, parallel_bytecode=False),
    open=open_sequential,
    availability=always,
)
