"""Ray: N workers of one core each, in a cluster that somebody else runs, or in one that is started on request.

A Ray of one's own listens on all network interfaces, whatever address it is given, so it is only started when asked for
(--ray-local). Ray sends by pickle; what is given here is names and JSON values only. Dashboard and usage statistics
are off.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from parabench.clusters.ray_nodes import check_nodes, connect, left, prepared, short_folder
from parabench.clusters.ray_run import RayRun
from parabench.errors import spelled
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.records import Unavailable
from parabench.task import Run, TaskCall
from parabench.workers.pools import SECONDS_TO_LEAVE, wait_for_workers
from parabench.workers.services import OWN_SERVICES, Services


@contextmanager
def open_ray(workers: int, call: TaskCall, services: Services = OWN_SERVICES) -> Iterator[Run]:
    """Connect to a cluster of N cores, or start one here, and see that its nodes do the same work."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        stack.callback(ray.shutdown)
        connect(ray, workers, services, folder)
        if services.ray_address is not None:
            check_nodes(ray, workers, call, services.ray_address)

        def ask(work: Callable[..., str]) -> Callable[[list[float]], Iterable[str]]:
            remote = ray.remote(num_cpus=1)(work)
            return lambda pauses: ray.get([remote.remote(call, pause) for pause in pauses])

        wait_for_workers(workers, ask(prepared))
        yield RayRun(ray, services)
        with contextlib.suppress(Exception):  # where workers have died, their contexts are gone, too
            wait_for_workers(workers, ask(left), SECONDS_TO_LEAVE)


def _unserved(services: Services) -> Unavailable | None:
    if services.ray_address is None and not services.ray_local:
        return Unavailable(
            "a Ray of one's own listens on all network interfaces, so it runs only on request",
            f"add {spelled('--ray-local')}, or {spelled('--ray-address')} of a cluster",
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
