"""What workers of a queue do: say who they are, run tasks, leave their contexts. Arguments and results are JSON."""

from __future__ import annotations

import itertools
import json
import mmap
import os
import socket
import struct
import threading
from typing import Any

from parabench.errors import MessageRefused
from parabench.queues.admission import Admission
from parabench.records import Outcome
from parabench.task import TaskCall, call_from_text, leave_process, leave_thread, lost
from parabench.workers.comparable import comparable
from parabench.workers.introduction import difference, introduction_for
from parabench.workers.pools import answer

#: The call that this process has prepared: external workers meet those of one cell after the other.
_prepared: TaskCall | None = None
_preparing = threading.Lock()
#: What this process takes; its supervisor has announced it.
admission = Admission()


def greet(text: str, token: str, expected: dict[str, str], pause: float) -> str:
    """Prepare the call for a session and answer which worker this is, or why it will not do the work."""
    other = None
    if (refusal := admission.refusal(text, token, greeting=True)) is None:
        call = call_from_text(text)
        try:
            own = introduction_for(call)
        except Exception as error:  # the workload is not here, or does not import
            return json.dumps({"host": socket.gethostname(), "refusal": f"it cannot import {call.task}: {error}"})
        if not isinstance(expected, dict) or expected.keys() != own.keys():
            refusal = "a greeting does not say what the client is"
        else:
            other = difference(expected, own)
    if refusal is not None:
        count_refused()
    if refusal is not None or other is not None:
        return json.dumps({"host": socket.gethostname(), "refusal": refusal or other})
    _prepare(call)
    return json.dumps({"worker": f"{socket.gethostname()}:{answer(pause)}"})


def _prepare(call: TaskCall) -> None:
    global _prepared
    with _preparing:
        if _prepared != call:
            leave_process()  # what an earlier client has left here when it was killed
            _prepared = call
    call.prepare()


def leave(pause: float) -> str:
    """Leave this worker's contexts. Nothing is under way any more: the first thread leaves those of the process."""
    global _prepared
    with _preparing:
        leave_thread()
        if _prepared is not None:
            leave_process()
            _prepared = None
    return json.dumps({"worker": f"{socket.gethostname()}:{answer(pause)}"})


def work(task: str, token: str, text: str, item: Any) -> str:
    """Run one task; its outcome as text. What cannot be compared is a failed outcome, and so is what is refused."""
    if (refusal := admission.refusal(text, token, greeting=False)) is not None:
        count_refused()
        return text_of(lost(MessageRefused(refusal)))
    call = call_from_text(text)
    with Under(task):
        outcome = call(item)
    return text_of(comparable(outcome, call.digest))


def text_of(outcome: Outcome) -> str:
    """An outcome as JSON."""
    return json.dumps(outcome)


class Slots:
    """The ids of the tasks under way in one process, in memory that outlives it: what died with it is known.

    After them comes a byte for each message that was refused, as many as there is room for, and what is known of the
    processes that the library's own pool starts in places of the process.
    """

    #: Of this process; set by its supervisor.
    mine: Slots | None = None
    _BYTES = 64
    REFUSED_MOST = 1000
    #: Of one place in the library's pool: id of the process that is there, and how many have been there.
    _PLACE = struct.Struct("qq")

    def __init__(self, threads: int, places: int = 0) -> None:
        self.threads = threads
        self._pool = threads * self._BYTES + self.REFUSED_MOST
        self._memory = mmap.mmap(-1, self._pool + places * self._PLACE.size)
        self._next = itertools.count()
        self._local = threading.local()

    def write(self, task: str) -> None:
        """Take note of the calling thread's task; "" is none."""
        if not hasattr(self._local, "offset"):
            self._local.offset = next(self._next) % self.threads * self._BYTES
        offset = self._local.offset
        self._memory[offset : offset + self._BYTES] = task.encode()[: self._BYTES].ljust(self._BYTES, b"\0")

    def under_way(self) -> list[str]:
        """The tasks that had begun and not ended."""
        whole = self._memory[: self.threads * self._BYTES]
        slots = (whole[n : n + self._BYTES] for n in range(0, len(whole), self._BYTES))
        return [slot.rstrip(b"\0").decode() for slot in slots if slot.strip(b"\0")]

    def count_refused(self) -> None:
        """Take note of a refused message."""
        place = self._memory.find(b"\0", self.threads * self._BYTES, self._pool)
        if place >= 0:
            self._memory[place : place + 1] = b"x"

    @property
    def refused(self) -> int:
        """Messages refused so far; those of one moment in two processes may count as one."""
        return self._memory[self.threads * self._BYTES : self._pool].count(b"x")

    def take_place(self, place: int) -> None:
        """This process of the library's pool begins, at the place of one that has died if there was one."""
        offset = self._pool + place * self._PLACE.size
        _, were_there = self._PLACE.unpack_from(self._memory, offset)
        self._PLACE.pack_into(self._memory, offset, os.getpid(), were_there + 1)

    def deaths_in_pool(self) -> int:
        """How many processes of the library's own pool have died so far, whether others have taken their places."""
        known = self._PLACE.iter_unpack(self._memory[self._pool :])
        return sum(were_there - _lives(pid) for pid, were_there in known if were_there)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def count_refused() -> None:
    """This process has refused a message."""
    if Slots.mine is not None:
        Slots.mine.count_refused()


class Under:
    """A task is under way in this thread."""

    def __init__(self, task: str) -> None:
        self._task = task

    def __enter__(self) -> None:
        if Slots.mine is not None:
            Slots.mine.write(self._task)

    def __exit__(self, *error: object) -> None:
        if Slots.mine is not None:
            Slots.mine.write("")


#: What may be called by name over a queue, and nothing else.
FUNCTIONS = {function.__name__: function for function in (greet, work, leave)}
