"""Ray: N workers of one core each, in a cluster that somebody else runs, or in one that is started on request.

A Ray of one's own listens on all network interfaces, whatever address it is given, so it is only started when asked for
(--ray-local). Ray sends by pickle; what is given here is names and JSON values only. Dashboard and usage statistics
are off.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from parabench.errors import SchedulerUnreachable, WorkerDied, WorkersDiffer, WorkersMissing
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.queues.serving import difference, introduce, introduction_for
from parabench.records import Outcome, Unavailable
from parabench.task import Batch, Run, TaskCall, call_to_text, failed, leave_process, lost
from parabench.workers.environment import SCRATCH_VARIABLE
from parabench.workers.pools import SECONDS_TO_LEAVE, answer, wait_for_workers
from parabench.workers.services import OWN_SERVICES, Services

#: A task whose worker dies is done once more.
RETRIES = 1
#: Of a unix socket a path may have 107 bytes, of which Ray and a new folder take 71.
LONGEST_PATH = 36


@contextmanager
def open_ray(workers: int, call: TaskCall, services: Services = OWN_SERVICES) -> Iterator[Run]:
    """Connect to a cluster of N cores, or start one here, and see that its nodes do the same work."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_folder())
        stack.callback(ray.shutdown)
        _connect(ray, workers, services, folder)
        if services.ray_address is not None:
            _check_nodes(ray, workers, call, services.ray_address)

        def ask(work: Callable[..., str]) -> Callable[[list[float]], Iterable[str]]:
            remote = ray.remote(num_cpus=1)(work)
            return lambda pauses: ray.get([remote.remote(call, pause) for pause in pauses])

        wait_for_workers(workers, ask(_prepared))
        yield _RayRun(ray, services)
        with contextlib.suppress(Exception):  # where workers have died, their contexts are gone, too
            wait_for_workers(workers, ask(_left), SECONDS_TO_LEAVE)


@contextmanager
def _folder() -> Iterator[str]:
    """For what Ray leaves behind; its sockets need a short path, so not every --scratch will do."""
    places = (os.environ.get(SCRATCH_VARIABLE), tempfile.gettempdir())
    short = next((place for place in places if place and len(place) < LONGEST_PATH), "/tmp")  # noqa: S108 - a new folder
    folder = tempfile.mkdtemp(prefix="", dir=short)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connect(ray: Any, workers: int, services: Services, folder: str) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if services.ray_address is None:
        options |= {"num_cpus": workers, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        options["_temp_dir"] = folder
    try:
        ray.init(address=services.ray_address or "local", **options)
    except Exception as error:  # Ray has many kinds of its own
        where = services.ray_address or "this machine"
        raise SchedulerUnreachable("Ray cluster", where, f"{type(error).__name__}: {error}") from None


def _check_nodes(ray: Any, workers: int, call: TaskCall, address: str) -> None:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"]]
    cores = {node["NodeManagerHostname"]: int(node["Resources"].get("CPU", 0)) for node in nodes}
    if sum(cores.values()) != workers:
        remedy = f"run with --workers {sum(cores.values())}, or start its nodes with other --num-cpus"
        raise WorkersMissing(f"{workers} cores of a Ray cluster", cores, address, remedy)
    expected, peers = introduction_for(call), sorted(node["NodeManagerAddress"] for node in nodes)
    for node in nodes:
        strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        remote = ray.remote(num_cpus=0, scheduling_strategy=strategy)(introduce)
        try:
            told = ray.get(remote.remote(call_to_text(call), peers))
        except Exception as error:  # parabench is not there
            raise WorkersDiffer(node["NodeManagerHostname"], f"they cannot import what they need: {error}") from None
        if (other := difference(expected, told)) is not None:
            raise WorkersDiffer(node["NodeManagerHostname"], other)


def _prepared(call: TaskCall, pause: float) -> str:
    """What a worker does first, in the process that will run its tasks."""
    import socket

    call.prepare()
    return f"{socket.gethostname()}:{answer(pause)}"


def _left(call: TaskCall, pause: float) -> str:
    """What a worker does last."""
    leave_process()
    return answer(pause)


def _call(call: TaskCall, item: Any) -> Outcome:
    return call(item)


class _RayRun:
    """Runs batches on a cluster."""

    def __init__(self, ray: Any, services: Services) -> None:
        self._ray = ray
        self._call = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)
        self._seconds = 2 * services.seconds_silence
        #: Ray's own daemons start the workers of a cluster.
        self.blind = (
            "workers of somebody else's Ray are not in the process tree: their CPU time is in the timeline only"
            if services.ray_address is not None
            else None
        )

    def __call__(self, batch: Batch) -> list[Outcome]:
        """Submit all tasks, and wait for what becomes of each."""
        call = self._ray.put(batch.call)
        references = [self._call.remote(call, item) for item in batch.items]
        deadline = time.monotonic() + self._seconds
        return [self._outcome(reference, deadline) for reference in references]

    def _outcome(self, reference: Any, deadline: float) -> Outcome:
        from ray.exceptions import WorkerCrashedError

        try:
            outcome: Outcome = self._ray.get(reference, timeout=max(0.01, deadline - time.monotonic()))
        except WorkerCrashedError:
            return lost(WorkerDied("of ray", None))
        except Exception as error:  # what ray raises itself: a value that cannot be sent, a lost node, no news
            return failed(error)
        return outcome


def _unserved(services: Services) -> Unavailable | None:
    if services.ray_address is None and not services.ray_local:
        return Unavailable(
            "a Ray of one's own listens on all network interfaces, so it runs only on request",
            "add --ray-local, or --ray-address of a cluster",
        )
    return None


SNIPPET = """\
import ray
from my_work import items, work

ray.init(num_cpus=4)  # address="auto" on a host of a cluster
task = ray.remote(work)
references = [task.remote(item) for item in items]
for item, reference in zip(items, references):
    try:
        print(ray.get(reference, timeout=60))
    except Exception as error:
        print(f"{item!r} failed: {error!r}")
"""

MODEL = Model(
    name="ray",
    family="clusters",
    description="N workers of a Ray cluster",
    when=(
        "Computing on several hosts with actors, large shared objects, or the libraries for machine learning that "
        "stand on it."
    ),
    limits=(
        "Seconds to start and hundreds of MiB. A Ray of one's own listens on all network interfaces, and whoever "
        "reaches it can run code there; no PyPy, no free-threaded builds."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process",
        shares_memory=False,
        pickles=True,
        parallel_bytecode=True,
        start_method="spawn",
        needs_service=True,
    ),
    open=open_ray,
    availability=needs_extra("ray", "ray"),
    libraries=("ray",),
    on_request=True,
    address="ray_address",
    unserved=_unserved,
)
