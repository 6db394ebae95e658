"""Batches on the workers of a Ray cluster: every task gets an outcome."""

from __future__ import annotations

import time
from typing import Any

from parabench.errors import WorkerDied
from parabench.records import Outcome
from parabench.task import Batch, TaskCall, failed, lost
from parabench.workers.services import Services

#: A task whose worker dies is done once more.
RETRIES = 1


def _call(call: TaskCall, item: Any) -> Outcome:
    return call(item)


class RayRun:
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
