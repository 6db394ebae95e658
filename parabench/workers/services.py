"""What models that need a service are told of it: servers that somebody else runs, and how long to wait for them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where brokers, schedulers and clusters are. Addresses may hold passwords: nothing here is stored or shown."""

    #: redis://, rediss:// or unix:// URL of a Redis-compatible server for task queues; None: one of the model's own.
    broker: str | None = field(default=None, repr=False)
    #: The workers of the task queues have been started by the user (`parabench worker`), here or elsewhere.
    workers_external: bool = False
    #: Address of a Dask scheduler, such as tcp://scheduler.example:8786; None: a cluster of the model's own.
    dask_scheduler: str | None = field(default=None, repr=False)
    #: Address of a Ray cluster, such as ray.example:6379; None: none.
    ray_address: str | None = field(default=None, repr=False)
    #: Whether a Ray of the model's own may be started: it listens on all interfaces.
    ray_local: bool = False
    #: Tasks without any news for so long are sent once more; without any for so long again, they are given up. A task
    #: that takes longer is done twice.
    seconds_silence: float = 30.0


#: Every model starts its own servers.
OWN_SERVICES = Services()
