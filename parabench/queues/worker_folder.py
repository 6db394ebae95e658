"""The folder that worker processes put their files into, and what is left of those whose supervisor was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from parabench.workers.environment import SCRATCH_VARIABLE

try:
    import fcntl
except ImportError:  # Windows: whoever wants to measure there is told beforehand (parabench.machine.abilities)
    fcntl = None  # type: ignore[assignment]

_PREFIX = "parabench-worker-"


@contextlib.contextmanager
def worker_folder() -> Iterator[str]:
    """A new folder, gone afterwards; those that nobody holds any more go now.

    Who uses one holds a lock on it, which the kernel drops with the last process of theirs, in whatever namespace.
    """
    parent = Path(os.environ.get(SCRATCH_VARIABLE) or tempfile.gettempdir())
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_unless_held(left)
    folder, held = _new_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _new_folder(parent: Path) -> tuple[str, int]:
    """A folder and a descriptor that holds it: again, if another process has taken it for left before it was held."""
    while True:
        folder = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
        with contextlib.suppress(FileNotFoundError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(held, fcntl.LOCK_SH)
            if Path(folder).exists():
                return folder, held
            os.close(held)


def _remove_unless_held(left: Path) -> None:
    try:
        folder = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # another user's, or gone by now
        return
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(folder).st_uid == os.getuid():
            shutil.rmtree(left, ignore_errors=True)
    os.close(folder)
