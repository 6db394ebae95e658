"""How the models of stored sessions scale with their workers: a law for each, and where they cross."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from parabench.analyse.scaling_law import CONFIDENCE, COUNTS_LEAST, Law, fit_law
from parabench.analyse.student import t_quantile
from parabench.history.stored import StoredSession

#: Numbers of workers reach so many times as far as the cores, so that what happens beyond them is seen.
BEYOND_CORES = 4

#: Tasks per second by number of workers, and by the place of the session that they were measured in.
Throughputs = Mapping[int, Mapping[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """One model of one workload."""

    workload: str
    model: str
    size: str
    law: Law
    #: Median tasks per second over the sessions, by number of workers.
    tasks_per_second: Mapping[int, float]

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaking:
    """From which number of workers on one model is faster than another, up to the next such place."""

    workload: str
    faster: str
    slower: str
    #: Interpolated on a logarithmic scale between these two measured numbers.
    at: float
    low: int
    high: int
    #: Of the workload; None: whoever asked knows it.
    size: str | None = None

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def counts_for(cores: int) -> list[int]:
    """Numbers of workers to measure where the user names none: powers of two past the cores, five at least."""
    most = max(2 ** (COUNTS_LEAST - 1), BEYOND_CORES * cores)
    return [2**power for power in range(math.ceil(math.log2(most)) + 1)]


def throughputs_of(sessions: Sequence[StoredSession]) -> dict[tuple[str, str, str], Throughputs]:
    """By workload, model and size.

    A session counts for a model if it has all numbers of workers that any of them has.
    """
    by_key: dict[tuple[str, str, str], list[dict[int, float]]] = {}
    for place, session in enumerate(sessions):
        for stored in session.benchmarks:
            cell = stored.cell
            if cell is None or not stored.seconds_per_round or cell.chunk != "1" or cell.model == "sequential":
                continue
            of_model = by_key.setdefault((cell.workload, cell.model, cell.size), [{} for _ in sessions])
            of_model[place][cell.workers] = (stored.tasks or 1) / stored.seconds_per_round
    return {key: _whole(by_session) for key, by_session in by_key.items()}


def _whole(by_session: Sequence[Mapping[int, float]]) -> Throughputs:
    counts = sorted(set().union(*by_session))
    whole = {place: session for place, session in enumerate(by_session) if len(session) == len(counts)}
    return {count: {place: session[count] for place, session in whole.items()} for count in counts}


def in_order(throughputs: Throughputs) -> dict[int, list[float]]:
    """The same in the order of the sessions, as laws are fitted to it."""
    return {count: [values[place] for place in sorted(values)] for count, values in throughputs.items()}


def scalings_of(sessions: Sequence[StoredSession]) -> list[Scaling]:
    """Every model that was measured with several numbers of workers, in the order of the files."""
    cores = next((session.fingerprint.get("cores_usable") for session in sessions), None)
    return [
        Scaling(
            workload=workload,
            model=model,
            size=size,
            law=fit_law(in_order(throughputs), cores),
            tasks_per_second={n: statistics.median(values.values()) for n, values in throughputs.items() if values},
        )
        for (workload, model, size), throughputs in throughputs_of(sessions).items()
        if len(throughputs) > 1
    ]


def overtakings_of(sessions: Sequence[StoredSession]) -> list[Overtaking]:
    """Where one model is faster for sure at a number of workers, and slower for sure at the next that is sure."""
    by_work: dict[tuple[str, str], dict[str, Throughputs]] = {}
    for (workload, model, size), throughputs in throughputs_of(sessions).items():
        by_work.setdefault((workload, size), {})[model] = throughputs
    return [
        replace(place, size=size)
        for (workload, size), by_model in by_work.items()
        for place in overtakings_between(workload, by_model)
    ]


def overtakings_between(workload: str, by_model: Mapping[str, Throughputs]) -> list[Overtaking]:
    """The same for the models of one workload in one size; speed-ups do as well as tasks per second."""
    pairs = itertools.combinations(by_model.items(), 2)
    return [place for first, second in pairs for place in _overtakings(workload, first, second)]


def _overtakings(workload: str, first: tuple[str, Throughputs], second: tuple[str, Throughputs]) -> list[Overtaking]:
    leads = _leads(first[1], second[1])
    sure = [(count, lead) for count, (lead, reach) in leads.items() if abs(lead) > reach]
    overtakings = []
    for (low, before), (high, after) in itertools.pairwise(sure):
        if (before > 0) != (after > 0):
            share = before / (before - after)
            faster, slower = (first[0], second[0]) if after > 0 else (second[0], first[0])
            at = math.exp(math.log(low) + share * math.log(high / low))
            overtakings.append(Overtaking(workload=workload, faster=faster, slower=slower, at=at, low=low, high=high))
    return overtakings


def _leads(first: Throughputs, second: Throughputs) -> dict[int, tuple[float, float]]:
    """Log of how much faster the first is, by common number of workers, and half of its 95 % interval over sessions.

    Both are compared within each session that they have in common: sessions are faster or slower as a whole.
    """
    leads = {}
    for count in sorted(first.keys() & second.keys()):
        both = sorted(first[count].keys() & second[count].keys())
        logs = [math.log(first[count][place] / second[count][place]) for place in both]
        if len(logs) > 1:
            reach = t_quantile(CONFIDENCE, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
            leads[count] = (statistics.fmean(logs), reach)
    return leads
