"""More workers, for the page: laws and crossings of models, over the sessions of the newest commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parabench.analyse.ranking import BASELINE
from parabench.analyse.scaling_law import COUNTS_LEAST, Law, fit_law
from parabench.explain.scaling_of_models import in_order, overtakings_between
from parabench.history.summary import SessionSummary
from parabench.report.page.workload_evidence import Evidence

#: Speed-ups over the plain loop by model, by number of workers, and by the place of the session.
Speeds = dict[str, dict[int, dict[int, float]]]


def speeds_of(workload: str, evidence: Evidence, sessions: Sequence[SessionSummary]) -> Speeds:
    """The speed-ups of each model that was measured with several numbers of workers.

    `sessions` are of one commit; those that lack one of a model's numbers of workers do not count for it. Neither do
    cells of another size than that of the plain loop.
    """
    alone = next((contestant for contestant in evidence.contestants if contestant.cell.model == BASELINE), None)
    if alone is None:
        return {}
    by_model: Speeds = {}
    counts = _counts(evidence)
    for place, session in enumerate(sessions):
        of_session: dict[str, dict[int, float]] = {}
        for key, seconds in session.cells():
            cell = key.cell
            if cell is None or (cell.workload, cell.size, cell.chunk) != (workload, alone.cell.size, "1"):
                continue
            if cell.model in counts:
                of_session.setdefault(cell.model, {})[cell.workers] = alone.seconds / seconds
        for model, speeds in of_session.items():
            if speeds.keys() == counts[model]:
                for workers, speed in speeds.items():
                    by_model.setdefault(model, {}).setdefault(workers, {})[place] = speed
    return by_model


def laws_of(speeds: Speeds, evidence: Evidence) -> list[dict[str, Any]]:
    """The law of each model with enough numbers of workers, in several sessions."""
    cores = evidence.details.session.fingerprint.get("cores_usable")
    laws = {model: fit_law(in_order(of), cores) for model, of in speeds.items() if len(of) >= COUNTS_LEAST}
    return [_drawn(model, law) for model, law in laws.items() if law.fitted is not None]


def crossings_of(workload: str, speeds: Speeds) -> list[dict[str, Any]]:
    """Where one model overtakes another for sure, with more workers."""
    return [
        {"faster": place.faster, "slower": place.slower, "low": place.low, "high": place.high}
        for place in overtakings_between(workload, speeds)
    ]


def _counts(evidence: Evidence) -> dict[str, set[int]]:
    """Numbers of workers by model, of models with several."""
    workers_by_model: dict[str, set[int]] = {}
    for contestant in evidence.contestants:
        if contestant.cell.chunk == "1" and contestant.cell.model != BASELINE:
            workers_by_model.setdefault(contestant.cell.model, set()).add(contestant.cell.workers)
    return {model: counts for model, counts in workers_by_model.items() if len(counts) > 1}


def _drawn(model: str, law: Law) -> dict[str, Any]:
    assert law.fitted is not None
    return {
        "model": model,
        "points": [[workers, float(f"{speed.value:.4g}")] for workers, speed in sorted(law.fitted.items())],
        "extrapolated": law.extrapolated,
        "best": None if law.best is None else law.best.value,
        "slowerBeyond": None if law.slower_beyond is None else law.slower_beyond.value,
    }
