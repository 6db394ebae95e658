"""Names of semaphores that tell whose they are: what a killed session has left can be told from what others use.

The names of multiprocessing and loky do not; a semaphore whose maker and its tracker are killed stays for ever.
"""

from __future__ import annotations

import multiprocessing.process
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parabench.workers.environment import SCRATCH_VARIABLE


def session_name() -> str | None:
    """The name of the session that this process belongs to; None where there is none, or names have to be short."""
    session = os.environ.get(SCRATCH_VARIABLE)
    return Path(session).name if session and sys.platform == "linux" else None


def name_semaphores() -> None:
    """Begin the names of semaphores by the session's, here and in all that multiprocessing starts from here.

    Those that loky makes here, too, if it has been imported.
    """
    if (name := session_name()) is not None:
        process = multiprocessing.process.current_process()
        process._config["semprefix"] = f"/{name}"  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        loky = sys.modules.get("joblib.externals.loky.backend.synchronize")  # where it is used: not imported for this
        if loky is not None:
            loky.SemLock._make_name = staticmethod(partial(_name_of_loky, name, loky.SemLock._rand))  # noqa: SLF001


def _name_of_loky(name: str, random: Iterator[str]) -> str:
    return f"/{name}-{os.getpid()}-{next(random)}"
