"""Names of semaphores that tell whose they are: what a killed session has left can be told from what others use.

The names of multiprocessing and loky do not; a semaphore whose maker and its tracker are killed stays for ever.
"""

from __future__ import annotations

import multiprocessing.process
import os
import sys
from pathlib import Path
from typing import Any

from parabench.workers.environment import SCRATCH_VARIABLE


def session_name() -> str | None:
    """The name of the session that this process belongs to; None where there is none, or names have to be short."""
    session = os.environ.get(SCRATCH_VARIABLE)
    return Path(session).name if session and sys.platform == "linux" else None


def name_semaphores() -> None:
    """Begin the names of semaphores by the session's, here and in all that multiprocessing starts from here."""
    if (name := session_name()) is not None:
        process = multiprocessing.process.current_process()
        process._config["semprefix"] = f"/{name}"  # type: ignore[attr-defined]  # noqa: SLF001 - no public way


def name_semaphores_of_loky(maker: Any) -> None:
    """The same for those that loky makes: its class SemLock."""
    if (name := session_name()) is not None:
        maker._make_name = staticmethod(lambda: f"/{name}-{os.getpid()}-{next(maker._rand)}")  # noqa: SLF001 - as above
