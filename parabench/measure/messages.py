"""JSON lines over a socket: how the harness, the zygote and the cell processes talk."""

from __future__ import annotations

import json
import select
import socket
import time
from typing import Any

from parabench.records import Failure, Outcome, Trace


class Line:
    """One end of a conversation in JSON objects, one a line."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._unread = bytearray()

    def send(self, message: dict[str, Any], *fds: int, deadline: float | None = None) -> None:
        """Send one object; file descriptors travel with it.

        Raises BrokenPipeError when nobody listens any more, and TimeoutError when the other side has not taken all of
        it by the deadline (seconds of the monotonic clock; None: wait for as long as it lives).
        """
        data = json.dumps(message).encode() + b"\n"
        self.end.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
        try:
            if fds:
                socket.send_fds(self.end, [data], list(fds))
            else:
                self.end.sendall(data)
        except ConnectionResetError as error:
            raise BrokenPipeError from error
        finally:
            self.end.settimeout(None)

    def receive(self, fds: list[int] | None = None, deadline: float | None = None) -> dict[str, Any] | None:
        """The next object, or None when the other side has closed; arriving descriptors are put into `fds`.

        Raises TimeoutError when it has not come whole by the deadline.
        """
        while b"\n" not in self._unread:
            if deadline is not None and not wait_readable([self], deadline):
                raise TimeoutError
            try:
                if fds is None:
                    data = self.end.recv(1 << 20)
                else:
                    data, arrived, _, _ = socket.recv_fds(self.end, 1 << 16, 4)
                    fds.extend(arrived)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._unread += data
        line, _, rest = self._unread.partition(b"\n")
        self._unread = rest
        message: dict[str, Any] = json.loads(line)
        return message

    @property
    def has_unread(self) -> bool:
        """True when an object can be received without waiting."""
        return b"\n" in self._unread

    def close(self) -> None:
        """Close this end."""
        self.end.close()


def wait_readable(lines: list[Line], deadline: float | None) -> list[Line]:
    """The lines with something to read; empty at the deadline (seconds of the monotonic clock; None: wait for ever)."""
    ready = [line for line in lines if line.has_unread]
    if ready:
        return ready
    timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
    readable, _, _ = select.select([line.end for line in lines], [], [], timeout)
    return [line for line in lines if line.end in readable]


def outcomes_to_json(outcomes: list[Outcome]) -> list[Any]:
    """Outcomes as JSON: `[value]` for a plain success, `[value, failure, trace]` otherwise."""
    return [[o.value] if o.failure is None and o.trace is None else [o.value, o.failure, o.trace] for o in outcomes]


def outcomes_from_json(rows: list[Any]) -> list[Outcome]:
    """The outcomes that `outcomes_to_json` wrote."""
    return [_outcome(*row) for row in rows]


def _outcome(value: Any, failure: list[str] | None = None, trace: list[Any] | None = None) -> Outcome:
    return Outcome(value, Failure(*failure) if failure else None, Trace(*trace) if trace else None)
