"""The folders for files of sessions, and what is left of those that nobody could remove."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from parabench.measure.watchdog import sweep_session


def name_of_scratch() -> str:
    """A new name, which tells whose folder it is."""
    return f"parabench-{os.getpid()}-{secrets.token_hex(6)}"


def sweep(parent: Path) -> None:
    """Remove what is left of sessions that were killed together with all that would have removed it."""
    for folder in parent.glob("parabench-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and folder.is_dir() and not _is_alive(int(pid)):
            sweep_session(str(folder), folder.stat().st_mtime)  # another user's stays


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
