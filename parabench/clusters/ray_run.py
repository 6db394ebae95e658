"""Batches on the workers of a Ray cluster: every task gets an outcome, and what was sent again is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from parabench.errors import WorkerDied
from parabench.records import Outcome
from parabench.task import Batch, TaskCall, failed, lost
from parabench.workers.services import Services

#: A task whose worker dies is sent again so often.
RETRIES = 1


def _call(call: TaskCall, item: Any) -> Outcome:
    return call(item)


class RayRun:
    """Runs batches on a cluster."""

    def __init__(self, ray: Any, services: Services) -> None:
        self._ray = ray
        # Ray would send a task again without a word.
        self._call = ray.remote(num_cpus=1, max_retries=0)(_call)
        self._sent_again = 0
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
        self._sent_again = 0
        references = [self._call.remote(call, item) for item in batch.items]
        deadline = time.monotonic() + self._seconds
        return [
            self._outcome(reference, deadline, partial(self._call.remote, call, item))
            for reference, item in zip(references, batch.items, strict=True)
        ]

    def disturbed(self) -> dict[str, int]:
        """What else had a part in the last batch: tasks that were sent again because their workers were lost."""
        return {"tasks sent again": self._sent_again} if self._sent_again else {}

    def _outcome(self, reference: Any, deadline: float, send: Callable[[], Any], retries: int = RETRIES) -> Outcome:
        from ray.exceptions import NodeDiedError, ObjectLostError, WorkerCrashedError

        try:
            outcome: Outcome = self._ray.get(reference, timeout=max(0.01, deadline - time.monotonic()))
        except (WorkerCrashedError, NodeDiedError, ObjectLostError):  # the last: with the node that kept it
            if not retries:
                return lost(WorkerDied("of ray", None))
            self._sent_again += 1
            return self._outcome(send(), deadline, send, retries - 1)
        except Exception as error:  # what ray raises itself: a value that cannot be sent, no news
            return failed(error)
        return outcome
