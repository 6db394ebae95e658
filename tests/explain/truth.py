"""What holds which kind of model on which of the workloads made for a cause: on two cores, at default workers.

Kinds of models: `baseline` (one task after the other), `threads` of an interpreter with a GIL, `free` (threads without
one), `loop` (one thread in which tasks take turns, asyncio or greenlets), `processes` and `interpreters` (pools), and
`per-task` (a process for each task). Where two causes are equally true the pair is left out: starting
a process takes as long as some of these tasks.
"""

from __future__ import annotations

KINDS = {
    "sequential": "baseline",
    "thread-pool": "threads",
    "thread-queue": "threads",
    "asyncio-to-thread": "threads",
    "asyncio": "loop",
    "asyncio-uvloop": "loop",
    "asyncio-task-group": "loop",
    "gevent": "loop",
    "process-pool-fork": "processes",
    "process-pool-forkserver": "processes",
    "process-pool-spawn": "processes",
    "mp-pool-fork": "processes",
    "joblib-loky": "processes",
    "interpreters": "interpreters",
    "process-per-task": "per-task",
}
ALL = ("baseline", "threads", "free", "loop", "processes", "interpreters", "per-task")


def _row(baseline: str, others: str, **exceptions: str | None) -> dict[str, str | None]:
    row: dict[str, str | None] = dict.fromkeys(ALL, others) | {"baseline": baseline}
    return row | {name.replace("_", "-"): cause for name, cause in exceptions.items()}


SENT: dict[str, str | None] = {"processes": "serialisation", "interpreters": "serialisation", "per_task": None}
TRUTH = {
    "cause-gil": _row("computing", "computing", threads="gil", loop="loop", per_task=None),
    "cause-computing": _row("computing", "computing", loop="loop", per_task=None),
    "cause-cores": _row("computing", "cores", loop="loop", per_task=None),
    "cause-waiting": _row("waiting", "waiting", per_task=None),
    "cause-loop": _row("waiting", "waiting", loop="loop", per_task=None),
    "cause-server": _row("waiting", "server", per_task=None),
    "cause-lock": _row("computing", "lock", loop="loop"),
    "cause-dispatch": _row("dispatch", "dispatch", per_task="start-up"),
    "cause-serialisation": _row(
        "dispatch", "dispatch", processes="serialisation", interpreters="serialisation", per_task=None
    ),
    "cause-start-up": _row("start-up", "start-up"),
    "cause-imbalance": _row("computing", "imbalance", loop="loop"),
    "cause-memory": _row("memory", "memory", threads="gil", loop="loop"),
}


def cause_of(workload: str, model: str, *, gil: bool) -> str | None:
    """The main cause of a cell; None where nobody says."""
    kind = KINDS.get(model)
    if kind is None or workload not in TRUTH:
        return None
    if workload == "cause-loop" and model == "gevent":
        return "waiting"  # its sleep is patched, and there is no coroutine that could block
    return TRUTH[workload]["free" if kind == "threads" and not gil else kind]
