"""The folders for files of sessions, and what is left of those that nobody could remove."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def name_of_scratch() -> str:
    """A new name, which tells whose folder it is."""
    return f"parabench-{os.getpid()}-{secrets.token_hex(6)}"


def sweep(parent: Path) -> None:
    """Remove the folders of sessions that were killed together with the zygote that would have removed theirs."""
    for folder in parent.glob("parabench-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and folder.is_dir() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)  # another user's stays


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
