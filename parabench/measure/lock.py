"""One measuring session at a time on a machine: two at once would measure each other.

On Linux the lock is a name: a socket in the abstract namespace (unix(7)), which only one process can bind at a time. It
needs no file, so it has no permissions that could lock other users out and no link that could lead elsewhere; the
kernel drops it with the process, and tells who holds it (SO_PEERCRED). Elsewhere it is a file that is locked with
flock(2), for which being allowed to read it is enough.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from parabench.errors import LockUnusable, MachineBusy

try:
    import fcntl
except ImportError:  # Windows: whoever wants to measure there is told beforehand (parabench.machine.abilities)
    fcntl = None  # type: ignore[assignment]

#: How often a waiting session looks again, in seconds.
LOOK_SECONDS = 0.5
POLICIES = ("wait", "refuse", "allow")
#: Another name, for sessions that are to know nothing of the others: those of tests.
LOCK_VARIABLE = "PARABENCH_LOCK"
LOCK_NAME = "parabench-measures"
#: Sessions that have asked who holds a lock, and are never answered but by the kernel.
_ASKING_MOST = 4096
#: A process that is being started closes its copies of files and sockets so soon.
_SECONDS_TO_CLOSE = 1.0


def machine_lock() -> str | Path:
    """The name that sessions of all users of this machine compete for, or the file they lock where names are files."""
    name = os.environ.get(LOCK_VARIABLE) or LOCK_NAME
    return name if sys.platform == "linux" else Path("/tmp") / f"{name}.lock"  # noqa: S108 - one folder for all users


@dataclass(frozen=True, slots=True)
class Holder:
    """Who measures now. Unknown parts are None: a session of another container, or one that has not signed yet."""

    pid: int | None
    started: str | None


class _Lock(Protocol):
    def take(self) -> bool:
        """Take it, unless another process holds it. Raises OSError when it cannot be had at all."""

    def holder(self) -> Holder:
        """Who holds it."""

    def release(self) -> None:
        """Give it back, if it was taken."""


class SessionLock:
    """The lock of one session; the kernel drops it with the process, however that ends."""

    def __init__(self, lock: _Lock, *, noisy: bool) -> None:
        self._lock = lock
        #: True when another session was measuring as this one began, and this one was allowed to all the same.
        self.noisy = noisy

    @classmethod
    def acquire(cls, where: str | Path, policy: str, on_wait: Callable[[Holder], None]) -> SessionLock:
        """Take the lock. With another session measuring: "wait" for its end, "refuse", or "allow" and be marked noisy.

        `on_wait` is told once whom we wait for. Raises MachineBusy under "refuse", LockUnusable when there can be no
        such lock here.
        """
        is_announced = False
        try:
            lock: _Lock = _Name(where) if isinstance(where, str) else _File(where)
            while not lock.take():
                if policy == "allow":
                    return cls(lock, noisy=True)
                holder = lock.holder()
                if policy == "refuse":
                    lock.release()
                    raise MachineBusy(holder.pid, holder.started)
                if not is_announced:
                    on_wait(holder)
                    is_announced = True
                time.sleep(LOOK_SECONDS)
        except OSError as error:
            raise LockUnusable(where, error) from error
        return cls(lock, noisy=False)

    def release(self) -> None:
        """Let the next session measure."""
        self._lock.release()


class _Name:
    """A name in the abstract namespace of unix sockets."""

    def __init__(self, name: str) -> None:
        self._address = b"\0" + os.fsencode(name)
        self._socket: socket.socket | None = None

    def take(self) -> bool:
        deadline = time.monotonic() + _SECONDS_TO_CLOSE
        while True:
            bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                bound.bind(self._address)
                bound.listen(_ASKING_MOST)
            except OSError as error:
                bound.close()
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                self._socket = bound
                return True
            if self._is_held() or time.monotonic() > deadline:
                return False
            time.sleep(0.001)

    def _is_held(self) -> bool:
        """False for a name that has been given back, and of which a process that is just being started has a copy."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.setblocking(False)
            try:
                asking.connect(self._address)
            except ConnectionRefusedError:
                return False
            except OSError:  # too many have asked
                return True
            return True

    def holder(self) -> Holder:
        credentials = struct.Struct("3i")  # ucred: process, user and group of whoever has called listen(2)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, contextlib.suppress(OSError):
            asking.setblocking(False)
            asking.connect(self._address)
            packed = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
            pid = credentials.unpack(packed)[0]
            return Holder(pid, _started(pid)) if pid else Holder(None, None)
        return Holder(None, None)

    def release(self) -> None:
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)  # for copies, too
            self._socket.close()
            self._socket = None


class _File:
    """A file that is locked, and signed by those who may write to it."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = _open(path)

    def take(self) -> bool:
        assert self._descriptor is not None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        signature = {"pid": os.getpid(), "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        with contextlib.suppress(OSError):  # another user's file
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(signature).encode(), 0)
        return True

    def holder(self) -> Holder:
        assert self._descriptor is not None
        signed: Any = None
        with contextlib.suppress(ValueError):
            signed = json.loads(os.pread(self._descriptor, 1000, 0))
        known = signed if isinstance(signed, dict) else {}
        return Holder(known.get("pid"), known.get("started"))

    def release(self) -> None:
        if self._descriptor is not None:
            # Closing alone would leave it to a process that is just being started and has not closed its copy yet.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


def _open(path: Path) -> int:
    """The file, made if needed. A link in its place is refused; that of another user is opened to be read."""
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    with contextlib.suppress(FileExistsError):
        return os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        return os.open(path, flags | os.O_RDWR)
    except PermissionError:
        return os.open(path, flags | os.O_RDONLY)


def _started(pid: int) -> str | None:
    """When a process has started: to the second when its session began, which is the first thing that it does."""
    try:
        import psutil

        seconds = psutil.Process(pid).create_time()
    except Exception:  # no psutil here, or the process has just ended
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
