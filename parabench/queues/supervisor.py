"""The supervisor of a queue's worker processes on one host: starts them, replaces the dead, and answers for them.

It tells the broker every few seconds that it lives, says which tasks were under way in a process that died, and reads
its clock for clients on other hosts. It is what `parabench worker` runs, and what a model starts for itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from parabench.errors import BrokerUnreachable
from parabench.errors.visible import one_line
from parabench.queues.address import Address, connected, purge
from parabench.queues.lease import tidy
from parabench.queues.library import QueueLibrary, library_of
from parabench.queues.serving import Slots, admission
from parabench.queues.worker_folder import worker_folder
from parabench.workers.environment import PEERS_VARIABLE
from parabench.workers.introduction import identity
from parabench.workers.killed import SECONDS_TO_REAP
from parabench.workers.lifeline import end_with_parent

#: A supervisor is taken for gone when it has not been heard of for so long; it is heard of every SECONDS_BEAT.
SECONDS_ALIVE, SECONDS_BEAT = 10, 2.0
#: Longest sleep between two looks at the processes.
SECONDS_LOOK = 0.2
#: So long to end by themselves for processes that have taken leave of somebody else's broker.
SECONDS_TO_END = 3.0
#: A process that has not lived longer than this is not replaced at once.
SECONDS_TOO_SHORT = 1.0
#: Notes of deaths are for the client of the moment.
SECONDS_KEPT = 600


@dataclass(slots=True)
class _Child:
    pid: int
    slots: Slots
    started: float = field(default_factory=time.monotonic)


class Supervisor:
    """Runs worker processes until `wanted` says no."""

    def __init__(
        self,
        library: QueueLibrary,
        address: Address,
        workers: int,
        wanted: Callable[[], bool],
        seconds_to_end: float,
        calls: Iterable[Iterable[str | None]],
    ) -> None:
        self._library = library
        self._address = address
        self._workers = workers
        self._wanted = wanted
        #: What the workers take, as `parabench.queues.admission.announced` gives it.
        self._calls = [tuple(call) for call in calls]
        self._refused, self._refused_before = 0, 0
        #: Nothing has been sent since what was there has been purged.
        self._tidied = True
        #: Processes get so long to end by themselves before they are killed.
        self._seconds_to_end = seconds_to_end
        self._children: list[_Child] = []
        self._missing = 0
        self._beat = 0.0
        self._deaths: list[str] = []
        self.id = f"{socket.gethostname()}:{os.getpid()}"
        self.say: Callable[[str], None] = lambda _: None

    def run(self) -> None:
        """Serve until nobody wants it any more. Raises BrokerUnreachable when there is no broker at the start."""
        with connected(self._address):
            pass
        if self._address.host:  # mocked workloads cut a worker off from the network; the broker is its peer
            known = filter(None, [os.environ.get(PEERS_VARIABLE), self._address.host])
            os.environ[PEERS_VARIABLE] = ",".join(known)
        self._missing = self._library.processes(self._workers)
        with worker_folder() as folder:
            # Processes that are killed cannot remove what they have put there.
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            self._serve()

    def _serve(self) -> None:
        try:
            while self._wanted():
                self._look_after()
                try:
                    with connected(self._address) as broker:
                        self._answer_questions(broker)
                except Exception as error:  # gone or cut off: the workers wait for it as well
                    self.say(f"no answer from the broker ({type(error).__name__}); trying again")
                    time.sleep(SECONDS_LOOK)
        finally:
            self._end()

    def _answer_questions(self, broker: Any) -> None:
        while self._wanted():
            self._look_after()
            if self._deaths:
                with broker.pipeline() as pipe:
                    pipe.rpush(self._address.deaths, *self._deaths)
                    pipe.expire(self._address.deaths, SECONDS_KEPT)
                    pipe.execute()
                self._deaths.clear()
            if time.monotonic() - self._beat > SECONDS_BEAT:
                broker.set(self._address.crew(self.id), json.dumps(self._description()), ex=SECONDS_ALIVE)
                self._beat = time.monotonic()
                self._tidied = tidy(broker, self._address) if not self._tidied or self._is_leased(broker) else True
            asked = broker.blpop(self._address.questions(self.id), timeout=SECONDS_LOOK)
            if asked is not None:
                self._answer(broker, json.loads(asked[1]))

    def _is_leased(self, broker: Any) -> bool:
        return bool(broker.exists(self._address.lease))

    def _answer(self, broker: Any, question: dict[str, Any]) -> None:
        if question["do"] == "clock":
            with broker.pipeline() as pipe:
                pipe.rpush(self._address.answer(question["token"]), repr(time.monotonic()))
                pipe.expire(self._address.answer(question["token"]), 60)
                pipe.execute()
        elif question["do"] == "note":
            self.say(str(question["text"]))

    def _description(self) -> dict[str, Any]:
        return {**identity(), "host": socket.gethostname(), "workers": self._workers, "model": self._library.model}

    def _tell_refusals(self) -> None:
        refused = sum(child.slots.refused for child in self._children) + self._refused_before
        if refused > self._refused:
            self._refused = refused
            self.say(f"{refused} messages refused so far: they ask for what has not been announced")

    def _look_after(self) -> None:
        self._tell_refusals()
        for child in list(self._children):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            self._children.remove(child)
            self._refused_before += child.slots.refused
            _signal_group(child.pid, signal.SIGKILL)  # processes of its own that it has left
            code = os.waitstatus_to_exitcode(status)
            worker, tasks = f"{socket.gethostname()}:{child.pid}", child.slots.under_way()
            self._deaths.append(json.dumps({"worker": worker, "exit_code": code, "tasks": tasks}))
            self.say(f"process {child.pid} ended with {code}; another one takes its place")
            self._missing += 1
            if time.monotonic() - child.started < SECONDS_TOO_SHORT:
                time.sleep(SECONDS_LOOK)
        while self._missing:
            self._children.append(self._start())
            self._missing -= 1

    def _start(self) -> _Child:
        slots = Slots(self._library.threads(self._workers))
        sys.stdout.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            with contextlib.suppress(PermissionError):  # both do it, so that it is done whoever comes first
                os.setpgid(pid, pid)
            return _Child(pid, slots)
        code = 1
        try:
            end_with_parent(parent)
            os.setpgid(0, 0)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            Slots.mine = slots
            admission.announce(self._calls)
            self._library.serve(self._address.url, self._address.namespace, self._workers)
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException as error:  # the end of this process, whatever it is
            sys.stderr.write(one_line(f"parabench worker: {type(error).__name__}: {error}") + "\n")
        finally:
            os._exit(code)

    def _end(self) -> None:
        for child in self._children:
            _signal_group(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._seconds_to_end
        while self._children and time.monotonic() < deadline + SECONDS_TO_REAP:
            for child in list(self._children):
                if os.waitpid(child.pid, os.WNOHANG)[0]:
                    self._children.remove(child)
                    _signal_group(child.pid, signal.SIGKILL)
                elif time.monotonic() > deadline:
                    _signal_group(child.pid, signal.SIGKILL)
            time.sleep(0.005)
        with contextlib.suppress(Exception), connected(self._address) as broker:
            broker.delete(self._address.crew(self.id), self._address.questions(self.id))
            if not any(broker.scan_iter(self._address.crew("*"), count=1000)):
                purge(broker, self._address)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def main() -> None:
    """What a model starts: told by the first line of its input what to serve, and by the end of it to stop."""
    import select

    orders = json.loads(sys.stdin.readline())
    library = library_of(orders["module"], orders["model"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    address = Address(orders["url"], orders["namespace"])
    # With a broker of one's own, which ends as well, there is nobody to take leave of.
    seconds_to_end = SECONDS_TO_END if address.host else 0.0
    supervisor = Supervisor(
        library,
        address,
        orders["workers"],
        lambda: not select.select([sys.stdin], [], [], 0)[0],
        seconds_to_end,
        orders["calls"],
    )
    with contextlib.suppress(BrokerUnreachable):  # the client meets it as well, and says so
        supervisor.run()


if __name__ == "__main__":
    main()
