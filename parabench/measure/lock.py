"""One measuring session at a time on a machine: two at once would measure each other."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parabench.errors import LockUnusable, MachineBusy

#: How often a waiting session looks again, in seconds.
LOOK_SECONDS = 0.5
POLICIES = ("wait", "refuse", "allow")


def machine_lock() -> Path:
    """The file that all sessions of all users of this machine lock."""
    return Path(tempfile.gettempdir()) / "parabench.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who measures now. Unknown parts are None: a session that has just taken the lock may not have signed yet."""

    pid: int | None
    started: str | None


class SessionLock:
    """The lock of one session; the kernel drops it with the process, however that ends."""

    def __init__(self, descriptor: int, *, noisy: bool) -> None:
        self._descriptor = descriptor
        #: True when another session was measuring as this one began, and this one was allowed to all the same.
        self.noisy = noisy

    @classmethod
    def acquire(cls, path: Path, policy: str, on_wait: Callable[[Holder], None]) -> SessionLock:
        """Take the lock. With another session measuring: "wait" for its end, "refuse", or "allow" and be marked noisy.

        `on_wait` is told once whom we wait for. Raises MachineBusy under "refuse", LockUnusable when the file cannot
        be locked here.
        """
        descriptor = _open(path)
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _holder(descriptor)
                if policy == "allow":
                    return cls(descriptor, noisy=True)
                if policy == "refuse":
                    os.close(descriptor)
                    raise MachineBusy(holder.pid, holder.started) from None
                if not told:
                    on_wait(holder)
                    told = True
                time.sleep(LOOK_SECONDS)
            except OSError as error:
                os.close(descriptor)
                raise LockUnusable(path, error) from error
            else:
                _sign(descriptor)
                return cls(descriptor, noisy=False)

    def release(self) -> None:
        """Let the next session measure."""
        # Closing alone would leave it to a process that is just being started and has not closed its copy yet.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


def _open(path: Path) -> int:
    """The lock file, made for all users if needed; a symbolic link in its place is refused."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise LockUnusable(path, error) from error
    with contextlib.suppress(PermissionError):  # another user's file has its mode already
        os.fchmod(descriptor, 0o666)
    return descriptor


def _sign(descriptor: int) -> None:
    text = json.dumps({"pid": os.getpid(), "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> Holder:
    signed: Any = None
    with contextlib.suppress(ValueError):
        signed = json.loads(os.pread(descriptor, 1000, 0))
    known = signed if isinstance(signed, dict) else {}
    return Holder(known.get("pid"), known.get("started"))
