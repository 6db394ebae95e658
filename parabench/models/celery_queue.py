"""Celery over a Redis-compatible broker: one message per task, a worker of N processes or of N threads."""

from __future__ import annotations

from parabench.models.queue_model import queue_model
from parabench.queues.celery_library import PROCESSES, THREADS

SNIPPET = """\
# program.py; in another shell: celery -A program worker OPTIONS
from celery import Celery
from my_work import items, work

URL = "redis://localhost:6379/0"
app = Celery("program", broker=URL, backend=URL)
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)
task = app.task(work)

if __name__ == "__main__":
    results = [task.delay(item) for item in items]
    for item, result in zip(items, results):
        try:
            print(result.get(timeout=60))
        except Exception as error:
            print(f"{item!r} failed: {error!r}")
"""

MODELS = (
    queue_model(
        PROCESSES,
        description="a Celery worker of N processes over a Redis of its own",
        when="Work of seconds and more for other hosts, or for later: retries, schedules and routes are there.",
        limits=(
            "Milliseconds of everybody's CPU time a task, and a broker to run. A dead worker's task is lost without "
            "the settings of the program below; with them a task may run twice."
        ),
        snippet=SNIPPET.replace("OPTIONS", "--concurrency 4"),
    ),
    queue_model(
        THREADS,
        description="a Celery worker of N threads over a Redis of its own",
        when="As celery, for tasks that wait: one process, so that N workers cost little memory.",
        limits="What celery costs. With a GIL, pure Python runs on one core, and a dead worker takes its tasks along.",
        snippet=SNIPPET.replace("OPTIONS", "--pool threads --concurrency 4"),
    ),
)
