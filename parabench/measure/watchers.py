"""An interpreter started as cell processes are, asked what watches it.

A tracer that only this process has does not reach a cell: cells are forked from an interpreter that was started afresh.
What does reach them comes by the environment (COVERAGE_PROCESS_START with its .pth file, PYTHONPATH with a
sitecustomize, PYTHONTRACEMALLOC, PYTHONDEVMODE ...) or by a debugger that rewrites the commands of subprocesses. All of
it reaches this interpreter in the same way, so it is asked and not guessed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.errors import ProbeFailed, describe_exit

#: Coverage is named by the variables that start it; their values are paths and are not looked at.
COVERAGE_VARIABLES = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COV_CORE_DATAFILE")
#: An interpreter that has not answered by then hangs in what is started with it.
_TIMEOUT_SECONDS = 60.0
_QUESTIONS = """
import json, os, sys, threading
def name(watcher):
    kind = watcher if hasattr(watcher, "__qualname__") else type(watcher)
    return "%s.%s" % (getattr(watcher, "__module__", None) or kind.__module__, kind.__qualname__)
watchers = [("tracer", sys.gettrace()), ("profiler", sys.getprofile())]
if hasattr(threading, "gettrace"):
    watchers += [("tracer of threads", threading.gettrace()), ("profiler of threads", threading.getprofile())]
found = ["%s %s" % (what, name(watcher)) for what, watcher in watchers if watcher is not None]
monitoring = getattr(sys, "monitoring", None)
if monitoring is not None:
    found += ["monitoring tool %s" % tool for tool in map(monitoring.get_tool, range(6)) if tool]
try:
    import tracemalloc
    found += ["tracemalloc"] * tracemalloc.is_tracing()
except ImportError:  # not on every interpreter
    pass
debug = []
if sys.flags.dev_mode:
    debug.append("development mode (PYTHONDEVMODE)")
elif os.environ.get("PYTHONMALLOC", "").endswith("debug"):
    debug.append("debug hooks of the allocator (PYTHONMALLOC)")
elif os.environ.get("PYTHONASYNCIODEBUG"):
    debug.append("asyncio's debug mode (PYTHONASYNCIODEBUG)")
print()
print(json.dumps({"watchers": found, "debug_modes": debug}))
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a cell process is born with that makes it slower."""

    #: Tracers, profilers and monitoring tools, by kind and name.
    watchers: tuple[str, ...]
    debug_modes: tuple[str, ...]


def probe(environment: Mapping[str, str]) -> Watched:
    """Ask an interpreter with this environment. Raises ProbeFailed when it does not answer."""
    command = [sys.executable, "-c", _QUESTIONS]
    try:
        answer = subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        lines: Sequence[str] = answer.stdout.splitlines()  # what is started with it may print, too
        watched = next(json.loads(line) for line in reversed(lines) if line.startswith('{"watchers"'))
    except subprocess.CalledProcessError as error:
        # Not what it printed: the message is stored, and a traceback may name the user's folders.
        raise ProbeFailed(describe_exit(error.returncode)) from error
    except subprocess.TimeoutExpired as error:
        raise ProbeFailed(f"no answer within {_TIMEOUT_SECONDS:g} s") from error
    except StopIteration:
        raise ProbeFailed("no answer in what it printed") from None
    return Watched(tuple(watched["watchers"]), tuple(watched["debug_modes"]))
