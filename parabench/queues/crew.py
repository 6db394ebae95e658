"""The workers of a queue seen from its client: who they are, which died, what their clocks show."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from parabench.errors import WorkersDiffer, WorkersMissing, spelled
from parabench.queues.address import SECONDS_TO_ANSWER, Address, shown
from parabench.records import Outcome
from parabench.workers.clock_offset import align, offset_of
from parabench.workers.introduction import difference, identity
from parabench.workers.pools import SECONDS_TO_START

if TYPE_CHECKING:
    from redis import Redis

SECONDS_LOOK = 0.02


class Crew:
    """All supervisors of one namespace, found at the broker."""

    def __init__(self, model: str, broker: Redis, address: Address) -> None:
        self._model = model
        self._broker = broker
        self._address = address
        self.members: dict[str, dict[str, Any]] = {}
        self._workers = 0
        self._bytes_of_reading = (0, 0)
        self._read = self._traffic()
        self._life = self._life_of_broker()

    def find(self, workers: int, *, external: bool) -> None:
        """Wait until supervisors of so many workers are known.

        Raises WorkersMissing when there are none, fewer or more, and WorkersDiffer when one is of another version.
        """
        self._workers = workers
        seconds = SECONDS_TO_ANSWER if external else SECONDS_TO_START
        deadline = time.monotonic() + seconds
        while True:
            self.members = self._present()
            workers_found = sum(member["workers"] for member in self.members.values())
            if workers_found == workers or time.monotonic() > deadline:
                break
            time.sleep(SECONDS_LOOK)
        for member in self.members.values():
            if (other := difference(identity(), member)) is not None:
                self.refuse(member["host"], other)
        if workers_found != workers:
            hosts = Counter[str]()
            for member in self.members.values():
                hosts[member["host"]] += member["workers"]
            remedy = f"start them with 'parabench worker {self._model} --broker ...' on their hosts"
            if hosts:
                remedy = f"run with {spelled('--workers')} {workers_found}"
            raise WorkersMissing(f"{workers} workers of {self._model}", hosts, shown(self._address.url), remedy)

    def refuse(self, host: str, other: str) -> None:
        """Tell the supervisors of a host, and raise WorkersDiffer."""
        for supervisor, member in self.members.items():
            if member["host"] == host:
                self._ask(supervisor, do="note", text=f"a client was refused: {other}")
        raise WorkersDiffer(host, other)

    def absent(self) -> list[str]:
        """Hosts whose supervisor has not been heard of lately."""
        present = self._present()
        return sorted({member["host"] for id_, member in self.members.items() if id_ not in present})

    def deaths(self) -> list[dict[str, Any]]:
        """Workers that have died since the last time this was asked: worker, exit code, tasks under way, returned.

        Returned: the library itself has given what was under way to another one.
        """
        with self._broker.pipeline() as pipe:
            pipe.lrange(self._address.deaths, 0, -1)
            pipe.delete(self._address.deaths)
            listed, _ = pipe.execute()
        return [json.loads(text) for text in listed]

    def align(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes with the times of their traces on this host's clock, and how wrong they may be."""
        return align(outcomes, {m["host"]: offset_of(partial(self._time_at, id_)) for id_, m in self.members.items()})

    def roll_call(self) -> tuple[int, list[dict[str, Any]]]:
        """Workers that answer now beyond those that were asked for (negative: so many are missing), and `deaths`.

        Supervisors are asked, twice if need be: one that was killed is in the broker's list for some seconds more. What
        has died before is counted: they look before they answer.
        """
        present = self._present()
        answering = (id_ for id_ in present if any(self._time_at(id_, do="look") is not None for _ in range(2)))
        workers_answering: int = sum(present[id_]["workers"] for id_ in answering)
        return workers_answering - self._workers, self.deaths()

    def traffic(self) -> dict[str, Any]:
        """Bytes that the broker has received and sent since the last time this was asked, this question apart.

        None with the reason when it has been started again meanwhile, and counts from 0.
        """
        life = self._life_of_broker()
        if life != self._life:
            self._life, self._read = life, self._traffic()
            reason = "the broker was started again during the batch, and its counters with it"
            return {"bytes_received": None, "bytes_sent": None, "bytes_reason": reason}
        before, self._read = self._read, self._traffic()
        received, sent = (now - then for now, then in zip(self._read, before, strict=True))
        if self._bytes_of_reading == (0, 0):
            self._bytes_of_reading = (received, sent)
        own_received, own_sent = self._bytes_of_reading
        return {"bytes_received": max(0, received - own_received), "bytes_sent": max(0, sent - own_sent)}

    def _life_of_broker(self) -> str:
        return str(self._broker.info("server")["run_id"])

    def _traffic(self) -> tuple[int, int]:
        stats = self._broker.info("stats")
        return stats["total_net_input_bytes"], stats["total_net_output_bytes"]

    def _present(self) -> dict[str, dict[str, Any]]:
        prefix = self._address.crew("")
        keys = [key for key in self._broker.scan_iter(self._address.crew("*"), count=1000) if key.startswith(prefix)]
        texts = self._broker.mget(keys) if keys else []
        return {key.removeprefix(prefix): json.loads(text) for key, text in zip(keys, texts, strict=True) if text}

    def _ask(self, supervisor: str, **question: Any) -> None:
        key = self._address.questions(supervisor)
        with self._broker.pipeline() as pipe:
            pipe.rpush(key, json.dumps(question))
            pipe.expire(key, 60)
            pipe.execute()

    def _time_at(self, supervisor: str, do: str = "clock") -> float | None:
        token = uuid.uuid4().hex
        self._ask(supervisor, do=do, token=token)
        answer = self._broker.blpop([self._address.answer(token)], timeout=1)
        return None if answer is None else float(answer[1])
