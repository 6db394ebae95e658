"""RQ over a Redis-compatible broker: one job per task, N worker processes that run jobs themselves (SimpleWorker)."""

from __future__ import annotations

from parabench.models.queue_model import queue_model
from parabench.queues.rq_library import LIBRARY

SNIPPET = """\
# in other shells, four times: rq worker --url redis://localhost:6379/0 --path . --worker-class rq.SimpleWorker
from my_work import items, work
from redis import Redis
from rq import Queue

queue = Queue(connection=Redis.from_url("redis://localhost:6379/0", socket_timeout=None))  # results are waited for
jobs = [queue.enqueue(work, item) for item in items]
for item, job in zip(items, jobs):
    result = job.latest_result(timeout=60)
    if result is None or result.type is not result.Type.SUCCESSFUL:
        print(f"{item!r} failed: {result.exc_string if result else 'no answer in 60 s'}")
    else:
        print(result.return_value)
"""

MODEL = queue_model(
    LIBRARY,
    description="N RQ workers over a Redis of their own",
    when="Work of seconds and more for other hosts or later, with the least to learn and to set up.",
    limits=(
        "Milliseconds of everybody's CPU time a task, and a Redis to run. Its ordinary worker forks for each job and "
        "costs several times as much as SimpleWorker, which a crash takes along; pickle unless another serializer is "
        "chosen."
    ),
    snippet=SNIPPET,
)
