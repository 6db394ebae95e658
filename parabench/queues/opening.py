"""Open the model of a task queue: broker, workers, and a client that has seen all of them; leave nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from parabench.queues.address import Address, connected, purge
from parabench.queues.admission import announced
from parabench.queues.broker import embedded_broker
from parabench.queues.client import QueueRun
from parabench.queues.crew import Crew
from parabench.queues.lease import leased
from parabench.queues.library import QueueLibrary
from parabench.task import Run, TaskCall
from parabench.workers.killed import reap
from parabench.workers.services import OWN_SERVICES, Services

SECONDS_TO_END = 6.0
#: Workers that the user has started serve this namespace, each model's its own.
EXTERNAL_NAMESPACE = "parabench"


@contextmanager
def open_queue(library: QueueLibrary, workers: int, call: TaskCall, services: Services = OWN_SERVICES) -> Iterator[Run]:
    """Connect, start workers unless the user has, see that all of them do the same work, and leave nothing behind."""
    with ExitStack() as stack:
        url = services.broker or f"unix://{stack.enter_context(embedded_broker())}"
        name = library.model if services.workers_external else f"{library.model}-{uuid.uuid4().hex[:12]}"
        address = Address(url, f"{EXTERNAL_NAMESPACE}-{name}")
        broker = stack.enter_context(connected(address))
        if services.workers_external:  # else nobody knows of the namespace
            stack.enter_context(leased(broker, address))
        stack.callback(purge, broker, address)
        purge(broker, address)  # what a client has left there that was killed
        supervisor = (
            None if services.workers_external else stack.enter_context(_supervisor(library, address, workers, call))
        )
        crew = Crew(library.model, broker, address)
        crew.find(workers, external=services.workers_external)
        queue = stack.enter_context(library.connect(address.url, address.namespace))
        run = QueueRun(library.model, queue, crew, supervisor, services)
        run.greet(workers, call)
        crew.traffic()
        yield run
        run.leave(workers)


def external_address(model: str, url: str) -> Address:
    """What workers serve that the user starts."""
    return Address(url, f"{EXTERNAL_NAMESPACE}-{model}")


@contextmanager
def _supervisor(
    library: QueueLibrary, address: Address, workers: int, call: TaskCall
) -> Iterator[subprocess.Popen[str]]:
    """The supervisor of the model's own workers: it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "parabench.queues.supervisor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdin is not None
    try:
        orders = {"module": library.module, "model": library.model, "workers": workers}
        orders |= {"url": address.url, "namespace": address.namespace, "calls": [announced(call)]}
        process.stdin.write(json.dumps(orders) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            reap(process)
