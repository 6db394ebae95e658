"""What traces and outcomes of a few calls tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parabench.advise.work import Work
from parabench.measure.verification import same
from parabench.records import Outcome, Trace


def folders_of(work: Work) -> list[Path]:
    """Folders that the modules of the function, its twin and its set-up are found in."""
    targets = (work.target, work.twin, work.setup)
    return list(dict.fromkeys(target.root for target in targets if target is not None and target.root is not None))


def roots(work: Work) -> list[Path]:
    """Folders that workers find modules in."""
    return list(dict.fromkeys([*folders_of(work), Path.cwd()]))


def raised(outcome: Outcome) -> bool:
    """Whether the call raised."""
    return outcome.failure is not None or is_raised(outcome.value)


def is_raised(digested: Any) -> bool:
    """Whether what is told of a result (`calling.digest`) is what the call raised."""
    return isinstance(digested, dict) and set(digested) == {"raised"}


def same_outcomes(some: Sequence[Outcome], others: Sequence[Outcome]) -> bool:
    """Whether two runs of the same items gave the same."""
    return len(some) == len(others) and all(
        same(mine.value, theirs.value, 1e-9) and (mine.failure is None) == (theirs.failure is None)
        for mine, theirs in zip(some, others, strict=True)
    )


def waited(traces: Sequence[Trace]) -> list[float]:
    """Seconds that each task neither computed nor stood in line for a core; those without both readings left out."""
    return [
        max(0.0, trace.seconds_ended - trace.seconds_started - trace.seconds_cpu - trace.seconds_runqueue)
        for trace in traces
        if trace.seconds_cpu is not None and trace.seconds_runqueue is not None
    ]


def undisturbed(trace: Trace) -> float:
    """Seconds of a task without those in which it stood in line for a core, where the system tells them."""
    return trace.seconds_ended - trace.seconds_started - (trace.seconds_runqueue or 0.0)
