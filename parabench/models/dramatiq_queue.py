"""Dramatiq over a Redis-compatible broker: one message per task, N processes of a thread each, or one of N threads."""

from __future__ import annotations

from parabench.models.queue_model import queue_model
from parabench.queues.dramatiq_library import PROCESSES, THREADS

SNIPPET = """\
# program.py; in another shell: dramatiq program OPTIONS
import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from my_work import items, work

URL = "redis://localhost:6379/0"
broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)
actor = dramatiq.actor(work, store_results=True, max_retries=0)

if __name__ == "__main__":
    messages = [actor.send(item) for item in items]
    for item, message in zip(items, messages):
        try:
            print(message.get_result(block=True, timeout=60_000))
        except Exception as error:
            print(f"{item!r} failed: {error!r}")
"""

MODELS = (
    queue_model(
        PROCESSES,
        description="N Dramatiq workers over a Redis of their own",
        when="Work of seconds and more for other hosts or later, where messages should be small and plain JSON.",
        limits=(
            "A broker to run. Workers look for work at intervals, so one-thread processes sleep between tasks; results "
            "need a middleware, and one process that ends takes all of its command along."
        ),
        snippet=SNIPPET.replace("OPTIONS", "--processes 4 --threads 1"),
    ),
    queue_model(
        THREADS,
        description="a Dramatiq worker of N threads over a Redis of its own",
        when="As dramatiq, for tasks that wait: one process whose threads seldom sleep between tasks.",
        limits="A broker to run. With a GIL, pure Python runs on one core, and a dead worker takes its tasks along.",
        snippet=SNIPPET.replace("OPTIONS", "--processes 1 --threads 4"),
    ),
)
