"""One client at a time for the workers that a user has started: whoever holds the lease may purge, greet and send.

The lease is a key with an end (SET NX PX) that its holder puts off as long as it lives, in a thread and over a
connection of its own: two short commands every few seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from parabench.errors import QueueHeld
from parabench.queues.address import Address, connected, purge, shown

if TYPE_CHECKING:
    from redis import Redis

#: A lease that is not renewed ends after so long; it is renewed every SECONDS_RENEWAL.
SECONDS_LEASE, SECONDS_RENEWAL = 15.0, 4.0
SECONDS_LOOK = 0.2
#: KEYS[1] is removed if it still has the value ARGV[1].
_REMOVE_IF = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def _signature() -> str:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    holder = {"host": socket.gethostname(), "pids": _pids(), "pid": os.getpid(), "started": started}
    return json.dumps({**holder, "id": uuid.uuid4().hex})


def _pids() -> str | None:
    """The namespace that process ids of this process are in: containers may share a host name and not that."""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - what it names is no path
    except OSError:
        return None


@contextmanager
def leased(broker: Redis, address: Address) -> Iterator[None]:
    """Hold the lease of a namespace. Raises QueueHeld, which tells by whom, when a client that lives has it."""
    own = _signature()
    _take(broker, address, own)
    stop = threading.Event()
    renewer = threading.Thread(target=_renew, args=(address, own, stop), name="parabench-lease", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(Exception):  # a broker that is gone keeps nothing
            _remove(broker, address, own)


def tidy(broker: Redis, address: Address) -> bool:
    """Purge what a client has left that was killed. False while a client holds the lease, and has to be let alone."""
    own = _signature()
    if not _set(broker, address, own):
        return False
    purge(broker, address)
    _remove(broker, address, own)
    return True


def _take(broker: Redis, address: Address, own: str) -> None:
    milliseconds_left: Any = None
    deadline = time.monotonic() + SECONDS_LEASE + 1.0  # a key that somebody has set without an end would never change
    while not _set(broker, address, own):
        text, before = broker.get(address.lease), milliseconds_left
        milliseconds_left = broker.pttl(address.lease)
        if text is None:
            continue
        holder = json.loads(str(text))
        if _is_dead(holder):
            _remove(broker, address, str(text))
        elif (before is not None and milliseconds_left > before) or time.monotonic() > deadline:
            raise QueueHeld(shown(address.url), address.namespace, holder["host"], holder["pid"], holder["started"])
        else:
            time.sleep(SECONDS_LOOK)


def _set(broker: Redis, address: Address, own: str) -> bool:
    return bool(broker.set(address.lease, own, nx=True, px=int(SECONDS_LEASE * 1000)))


def _remove(broker: Redis, address: Address, text: str) -> None:
    broker.eval(_REMOVE_IF, 1, address.lease, text)


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether it was a process of this host that has ended; of other hosts one has to wait for the end of the lease."""
    if holder["host"] != socket.gethostname() or holder["pids"] != _pids():
        return False
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _renew(address: Address, own: str, stop: threading.Event) -> None:
    while not stop.wait(SECONDS_RENEWAL):
        with contextlib.suppress(Exception), connected(address) as broker:  # batches tell of a broker that is gone
            if broker.get(address.lease) == own:
                broker.pexpire(address.lease, int(SECONDS_LEASE * 1000))
            elif not stop.is_set():
                _set(broker, address, own)  # a broker that came back empty
