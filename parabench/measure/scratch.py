"""The folders for files of sessions, and what is left of those that nobody could remove."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from parabench.measure.watchdog import sweep_session

_NAME = re.compile(r"parabench-(?P<pid>\d+)-(?P<pids>\w+)-[0-9a-f]{8}")


def name_of_scratch() -> str:
    """A new name, which tells whose folder it is."""
    return f"parabench-{os.getpid()}-{_pids()}-{secrets.token_hex(4)}"


def sweep(parent: Path) -> None:
    """Remove what is left of sessions that were killed together with all that would have removed it.

    Those of other PID namespaces stay (containers may share the folder): whether they live is not to be seen here.
    """
    for folder in parent.glob("parabench-*"):
        match = _NAME.fullmatch(folder.name)
        if match and match["pids"] == _pids() and folder.is_dir() and not _is_alive(int(match["pid"])):
            sweep_session(str(folder))  # another user's stays


def _pids() -> str:
    """The namespace that process ids of this process are in; "0" where there are none."""
    try:
        return f"{Path('/proc/self/ns/pid').stat().st_ino:x}"
    except OSError:
        return "0"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
