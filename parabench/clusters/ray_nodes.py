"""Ray's nodes: connected to, or one started here; what each worker does first and last."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from parabench.errors import SchedulerUnreachable, WorkersDiffer, WorkersMissing, spelled
from parabench.task import TaskCall, call_to_text, leave_process
from parabench.workers.environment import SCRATCH_VARIABLE
from parabench.workers.introduction import difference, introduce, introduction_for
from parabench.workers.pools import answer
from parabench.workers.services import Services

#: Of a unix socket a path may have 107 bytes, of which Ray and a new folder take 71.
LONGEST_PATH = 36


@contextmanager
def short_folder() -> Iterator[str]:
    """For what Ray leaves behind; its sockets need a short path, so not every --scratch will do."""
    places = (os.environ.get(SCRATCH_VARIABLE), tempfile.gettempdir())
    short = next((place for place in places if place and len(place) < LONGEST_PATH), "/tmp")  # noqa: S108 - a new folder
    folder = tempfile.mkdtemp(prefix="", dir=short)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def connect(ray: Any, workers: int, services: Services, folder: str) -> None:
    """Connect to the cluster that is named, or start one of N cores here. Raises SchedulerUnreachable."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if services.ray_address is None:
        options |= {"num_cpus": workers, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        options["_temp_dir"] = folder
    try:
        ray.init(address=services.ray_address or "local", **options)
    except Exception as error:  # Ray has many kinds of its own
        where = services.ray_address or "this machine"
        raise SchedulerUnreachable("Ray cluster", where, f"{type(error).__name__}: {error}") from None


def check_nodes(ray: Any, workers: int, call: TaskCall, address: str) -> None:
    """See that a cluster has N cores, on nodes that do the same work. Raises WorkersMissing or WorkersDiffer."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"]]
    cores = {node["NodeManagerHostname"]: int(node["Resources"].get("CPU", 0)) for node in nodes}
    if sum(cores.values()) != workers:
        remedy = f"run with {spelled('--workers')} {sum(cores.values())}, or start its nodes with other --num-cpus"
        raise WorkersMissing(f"{workers} cores of a Ray cluster", cores, address, remedy)
    expected, peers = introduction_for(call), sorted(node["NodeManagerAddress"] for node in nodes)
    for node in nodes:
        strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        remote = ray.remote(num_cpus=0, scheduling_strategy=strategy)(introduce)
        try:
            introduction = ray.get(remote.remote(call_to_text(call), peers))
        except Exception as error:  # parabench is not there
            raise WorkersDiffer(node["NodeManagerHostname"], f"they cannot import what they need: {error}") from None
        if (other := difference(expected, introduction)) is not None:
            raise WorkersDiffer(node["NodeManagerHostname"], other)


def prepared(call: TaskCall, pause: float) -> str:
    """What a worker does first, in the process that will run its tasks."""
    import socket

    call.prepare()
    return f"{socket.gethostname()}:{answer(pause)}"


def left(call: TaskCall, pause: float) -> str:
    """What a worker does last."""
    leave_process()
    return answer(pause)
