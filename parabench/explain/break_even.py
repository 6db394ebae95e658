"""From which length on tasks that compute pay for a model: what it costs a task against what it runs at once.

With a cost of c seconds of the batch a task, and p tasks computing at once, n tasks of t seconds take n (c + t / p)
instead of n t one after another: the model pays from t = c / (1 - 1 / p) on, and never if p is 1.
"""

from __future__ import annotations

from parabench.explain.evidence import Evidence
from parabench.explain.facts import Facts


def break_even_seconds(facts: Facts) -> float | None:
    """Seconds of computing a task; None where the model runs nothing at once, or its cost was not seen task by task."""
    evidence, parts = facts.evidence, facts.split.seconds_per_batch
    at_once = _at_once(evidence)
    if at_once < 2 or facts.split.source != "spans" or facts.gil_taken:
        return None
    cost = (parts.start_up + parts.dispatch + parts.serialisation + parts.queueing) / evidence.tasks
    return cost / (1 - 1 / at_once)


def _at_once(evidence: Evidence) -> int:
    """Tasks of pure Python that it runs at once."""
    if evidence.shares_threads or (evidence.one_interpreter and evidence.gil is not False):
        return 1
    return min(evidence.workers, evidence.cores or 1)
