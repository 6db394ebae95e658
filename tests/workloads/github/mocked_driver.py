"""Runs the mocked workloads under one model in a process of its own, and tries to slip past the mocks.

    python mocked_driver.py ANSWER.json MODEL

writes {workload: {"outcomes": {item: [value, failure]}, "restored": ...}}; the tests judge.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import slip_for_tests

from parabench.models import find_models
from parabench.session.plan import why_not
from parabench.task import Batch, TaskCall, leave_process, reference_to
from parabench.workload import Workload
from workloads.github import WORKLOADS
from workloads.github.population import PAGE_SIZE

SETTINGS = {
    "source": "mocked",
    "url": "https://api.github.com",
    "seed": 1,
    "latency_seconds": 0.001,
    "page_size": PAGE_SIZE,
}
#: As few as show that a worker beside another one has a mock of its own: each imports all clients.
WORKERS = 2


def call_of(workload: Workload) -> TaskCall:
    names = {
        name: reference_to(function) if (function := getattr(workload, name)) else None
        for name in ("task", "task_async", "context", "context_async")
    }
    names["task"] = "slip_for_tests:slip"
    names["task_async"] = names["task_async"] and "slip_for_tests:slip_async"
    return TaskCall(**names, context_scope=workload.context_scope, settings=json.dumps(SETTINGS))


def observe(model_name: str) -> dict[str, object]:
    model = find_models()[model_name]
    originals = ways_out()
    answer: dict[str, object] = {}
    for workload in WORKLOADS:
        if not workload.name.startswith("github-mocked") or why_not(workload, model, live=False):
            continue
        call, items = call_of(workload), [*workload.items("small")[:3], *slip_for_tests.WAYS]
        with model.open(WORKERS, call) as run:
            outcomes = run(Batch(call, items))
        leave_process()
        answer[workload.name] = {
            "outcomes": {item: outcome[:2] for item, outcome in zip(items, outcomes, strict=True)},
            "restored": ways_out() == originals,
        }
    return answer


def ways_out() -> list[object]:
    return [socket.socket.connect, socket.socket.connect_ex, socket.create_connection, socket.getaddrinfo]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(observe(sys.argv[2])))
