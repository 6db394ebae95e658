"""One sentence for a cell: what holds it, and what would help."""

from __future__ import annotations

from parabench.explain import facts as causes
from parabench.explain.cause_rules import Cause
from parabench.explain.cures import Prediction
from parabench.explain.evidence import Evidence

_HOLDS = {
    causes.COMPUTING: "{share} of the time the task computes",
    causes.GIL: "{share} of worker time waits for the GIL",
    causes.CORES: "{share} of worker time waits for a core: there are {workers} workers for {cores} cores",
    causes.LOOP: "{share} of the time the one thread that all tasks take turns in is busy or blocked",
    causes.WAITING: "{share} of the time the tasks wait, as they do alone",
    causes.SERVER: "{share} of the time is longer waiting for replies than alone: the server slows down",
    causes.LOCK: "{share} of worker time waits for a lock that the tasks share",
    causes.DISPATCH: "{share} of the time goes into handing tasks out and taking results back",
    causes.SERIALISATION: "{share} of the time goes into pickling and moving items and values",
    causes.START_UP: "{share} of the time goes into starting",
    causes.IMBALANCE: "{share} of worker time is idle at the end, while others still have a long task",
    causes.MEMORY: "{share} of the time the kernel makes pages of memory ready",
    causes.UNCLEAR: "what holds it is unclear: {share} of the time is in no part that is known",
}
_HELPS = {
    causes.COMPUTING: "processes on all cores",
    causes.GIL: "processes or a free-threaded build",
    causes.CORES: "more cores",
    causes.LOOP: "moving that work out of the thread, to processes,",
    causes.WAITING: "more tasks in flight",
    causes.SERVER: "a server that does not slow down",
    causes.LOCK: "tasks that do not share it",
    causes.DISPATCH: "longer tasks or larger chunks",
    causes.SERIALISATION: "smaller messages, or workers that share memory,",
    causes.START_UP: "workers that are started once",
    causes.IMBALANCE: "tasks of equal length, or the long ones first,",
}
_NO_HELP = {
    causes.COMPUTING: "faster code or more cores would help, another model would not",
    causes.START_UP: "workers that stay open pay that once",
    causes.MEMORY: "smaller or reused objects would help",
    causes.UNCLEAR: "a session with --passes looks into every cell",
}
#: A gain below this is none.
GAIN_LEAST = 1.05


def sentence_of(causes: list[Cause], evidence: Evidence, prediction: Prediction | None) -> str:
    """What holds the cell and what would help, as a sentence without its full stop."""
    main = causes[0]
    share = f"{main.share:.0%}".replace("%", " %")
    holds = _HOLDS[main.name].format(share=share, workers=evidence.workers, cores=evidence.cores or "too few")
    if len(causes) > 1:
        holds += f" (and {causes[1].share:.0%}".replace("%", " %") + f" {causes[1].name})"
    return f"{holds}; {_help(main.name, prediction)}"


def _help(cause: str, prediction: Prediction | None) -> str:
    gain = 1.0 if prediction is None else prediction.speedup
    if gain is None:
        return f"{_HELPS[cause]} would save nearly all of the time"
    if gain < GAIN_LEAST or cause not in _HELPS:
        return _NO_HELP.get(cause, f"{_HELPS.get(cause, 'another model')} would give next to nothing")
    return f"{_HELPS[cause]} would give up to {gain:.2g}x"
