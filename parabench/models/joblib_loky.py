"""joblib.Parallel on loky: N reusable processes; a message holds one task, or what joblib finds right.

With one worker joblib starts no process and runs the tasks in the caller; so does this model.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, failed, lost
from parabench.workers.installed import function_with_place_for, install, outcomes_of
from parabench.workers.pools import NewChildren, answer, prepare_process, wait_for_workers

SECONDS_IDLE = 24 * 3600  # loky ends idle workers after five minutes; a benchmark may visit other cells for longer


@contextmanager
def open_joblib_loky(workers: int, call: TaskCall, *, chunk: str = "1") -> Iterator[Run]:
    """Start all N processes and keep them over batches, as joblib does; on exit end them, as it does not."""
    import joblib
    import joblib.externals.loky.backend.synchronize  # joblib does so later: before it, its semaphores get our names
    from joblib.externals.loky.process_executor import BrokenProcessPool

    children, options = NewChildren(workers), _options(workers, call, chunk)

    def ask(pauses: list[float]) -> Iterable[str]:
        answers = parallel(joblib.delayed(answer)(pause) for pause in pauses)
        children.look()
        return answers  # type: ignore[no-any-return]

    def run(batch: Batch) -> list[Outcome]:
        if children.ended():  # joblib would go on with new processes, which nobody has told of the call
            return [lost(children.death(signal.SIGKILL))] * len(batch.items)
        answers: list[Any] = [None] * len(batch.items)
        work = joblib.delayed(function_with_place_for(call, batch.call))
        loss: Outcome | None = None
        try:
            for place, answer_of_item in parallel(map(work, enumerate(batch.items))):
                answers[place] = answer_of_item
        except BrokenProcessPool:
            loss = lost(children.death(signal.SIGKILL))
        except Exception as error:  # an item that does not pickle makes joblib give up the whole batch
            loss = failed(error)
        return outcomes_of(answers, loss)

    ended_well = False
    try:
        with joblib.Parallel(workers, **options) as parallel:
            try:
                wait_for_workers(workers, ask)
            except BrokenProcessPool:
                raise children.death(signal.SIGKILL) from None
            yield run
            ended_well = True
    finally:
        if workers > 1:
            children.end(functools.partial(_end_executor, kill_workers=not ended_well or bool(children.ended())))


def _options(workers: int, call: TaskCall, chunk: str) -> dict[str, Any]:
    """Unordered, because what was finished is kept. With one worker joblib runs the tasks here, and starts nothing."""
    options = {"backend": "loky", "batch_size": 1 if chunk == "1" else chunk, "return_as": "generator_unordered"}
    if workers == 1:
        install(call)
        return options
    return {**options, "initializer": prepare_process, "initargs": (call,), "idle_worker_timeout": SECONDS_IDLE}


def _end_executor(*, kill_workers: bool) -> None:
    from joblib.externals.loky import get_reusable_executor

    executor = get_reusable_executor(reuse=True, kill_workers=kill_workers)
    # joblib's kind of executor also removes its folders; one that stands in for a broken executor has none.
    getattr(executor, "terminate", executor.shutdown)(kill_workers=kill_workers)


SNIPPET = """\
from joblib import Parallel, delayed
from my_work import items, work


def run(item):
    try:
        return work(item)
    except Exception as error:  # joblib would give up the whole batch
        return f"{item!r} failed: {error!r}"


if __name__ == "__main__":
    for outcome in Parallel(n_jobs=4, batch_size=1)(delayed(run)(item) for item in items):
        print(outcome)
"""

MODEL = Model(
    name="joblib-loky",
    family="processes",
    description="joblib.Parallel on loky",
    when="Computing on all cores, with functions that pickle does not take (lambdas, notebooks), or large arrays.",
    limits="A slow start (0.1 s and more), more cost a task than in the standard pools; a dead worker costs the batch.",
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process",
        shares_memory=False,
        pickles=True,
        parallel_bytecode=True,
        start_method="loky",
        serialiser="joblib.externals.loky.backend.reduction:dumps",
    ),
    open=open_joblib_loky,
    availability=needs_extra("joblib", "joblib"),
    variant=True,
    libraries=("joblib", "cloudpickle"),
    chunks=("1", "auto"),
)
