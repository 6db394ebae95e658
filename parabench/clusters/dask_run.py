"""Batches on the workers of a Dask cluster: every task gets an outcome, and what disturbed the batch is known."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from parabench.errors import WorkerDied
from parabench.records import Outcome
from parabench.task import Batch, failed, lost
from parabench.workers.clock_offset import align, offset_of
from parabench.workers.services import Services


class DaskRun:
    """Runs batches on a cluster."""

    def __init__(self, client: Any, services: Services, prepare: Callable[[float], None]) -> None:
        self._client = client
        self._prepare = prepare
        self._seconds_silence = services.seconds_silence
        self._external = services.dask_scheduler is not None
        self._workers = self._known()
        self._expected = len(self._workers)
        self.blind = (
            "workers that the user has started are not in the process tree: their CPU time is in the timeline only"
            if self._external
            else None
        )

    def __call__(self, batch: Batch) -> list[Outcome]:
        """Submit all tasks, and wait for what becomes of each."""
        futures = [self._client.submit(batch.call, item, pure=False) for item in batch.items]
        deadline = time.monotonic() + 2 * self._seconds_silence if self._external else None
        outcomes = [self._outcome(future, deadline) for future in futures]
        if batch.call.traced and self._external:
            return align(outcomes, self._clocks())
        return outcomes

    def disturbed(self) -> dict[str, int]:
        """What else had a part in the last batch: workers that are gone, or that are there for the first time."""
        before, self._workers = self._workers, self._known()
        surplus = len(self._workers) - self._expected
        counts = {
            "workers lost": len(before - self._workers),
            "workers new": len(self._workers - before),
            "workers missing": max(0, -surplus),
            "workers too many": max(0, surplus),
        }
        if counts["workers lost"]:
            self._meet_replacements()
        return {cause: count for cause, count in counts.items() if count}

    def _meet_replacements(self) -> None:
        """Wait until those that nannies start instead of lost workers are ready: the next round is about all."""
        with contextlib.suppress(Exception):  # nobody has replaced them: the next round tells
            self._client.wait_for_workers(self._expected, timeout=self._seconds_silence)
            self._prepare(self._seconds_silence)
        self._workers = self._known()

    def _known(self) -> set[str]:
        """Names of the workers, which differ from those of any that take their place."""
        known = self._client.scheduler_info(n_workers=-1)["workers"]
        return {f"{address} {worker['id']}" for address, worker in known.items()}

    def _outcome(self, future: Any, deadline: float | None) -> Outcome:
        from distributed import KilledWorker

        try:
            left = None if deadline is None else max(0.01, deadline - time.monotonic())
            outcome: Outcome = future.result(timeout=left)
        except KilledWorker as error:
            last = error.last_worker
            return lost(WorkerDied(f"{getattr(last, 'address', last)}, the last of those that tried the task,", None))
        except Exception as error:  # what dask raises itself: a value that cannot be sent, a lost scheduler, no news
            return failed(error)
        finally:
            with contextlib.suppress(Exception):
                future.release()
        return outcome

    def _clocks(self) -> dict[str, tuple[float, float] | None]:
        """Offset of every host's clock, asked of one of its workers."""
        hosts = {host: worker for worker, host in self._client.run(_host).items()}
        return {host: offset_of(partial(self._clock, worker)) for host, worker in hosts.items()}

    def _clock(self, worker: str) -> float:
        return float(self._client.run(time.monotonic, workers=[worker])[worker])


def _host() -> str:
    import socket

    return socket.gethostname()
