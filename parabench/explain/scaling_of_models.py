"""How the models of stored sessions scale with their workers: a law for each, and where they or interpreters cross."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from parabench.analyse.scaling_law import CONFIDENCE, COUNTS_LEAST, Law, fit_law
from parabench.analyse.student import t_quantile
from parabench.history.stored import StoredSession

#: Numbers of workers reach so many times as far as the cores, so that what happens beyond them is seen.
BEYOND_CORES = 4

#: Tasks per second by number of workers, and by the place of the session that they were measured in.
Throughputs = Mapping[int, Mapping[int, float]]
#: Sessions by interpreter, empty where there is one only, and by place: those of one place were made side by side.
Sessions = Mapping[str, Mapping[int, StoredSession]]


class ModelOn(NamedTuple):
    """A model, and the interpreter that it ran on; empty where there is one only."""

    model: str
    interpreter: str = ""

    def __str__(self) -> str:
        return f"{self.model} on {self.interpreter}" if self.interpreter else self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """One model of one workload."""

    workload: str
    model: str
    #: Empty where there is one only.
    interpreter: str
    size: str
    law: Law
    #: Median tasks per second over the sessions, by number of workers.
    tasks_per_second: Mapping[int, float]

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaking:
    """From which number of workers on one model is faster than another, up to the next such place.

    Or the same model on another interpreter.
    """

    workload: str
    faster: str
    slower: str
    #: Their interpreters, empty where there is one only.
    faster_on: str = ""
    slower_on: str = ""
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


def of_one_interpreter(sessions: Sequence[StoredSession]) -> Sessions:
    """Sessions of one interpreter, in their order."""
    return {"": dict(enumerate(sessions))}


def throughputs_of(sessions: Sessions) -> dict[tuple[str, ModelOn, str], Throughputs]:
    """By workload, model and size.

    A session counts for a model if it has all numbers of workers that any of them has.
    """
    by_key: dict[tuple[str, ModelOn, str], dict[int, dict[int, float]]] = {}
    for interpreter, place, session in _each(sessions):
        for stored in session.benchmarks:
            cell = stored.cell
            if cell is None or not stored.seconds_per_round or cell.chunk != "1" or cell.model == "sequential":
                continue
            key = (cell.workload, ModelOn(cell.model, interpreter), cell.size)
            rate = (stored.tasks or 1) / stored.seconds_per_round
            by_key.setdefault(key, {}).setdefault(place, {})[cell.workers] = rate
    return {key: _whole(by_place) for key, by_place in by_key.items()}


def _each(sessions: Sessions) -> Iterator[tuple[str, int, StoredSession]]:
    for interpreter, by_place in sessions.items():
        for place, session in by_place.items():
            yield interpreter, place, session


def _whole(by_place: Mapping[int, Mapping[int, float]]) -> Throughputs:
    counts = sorted(set().union(*by_place.values()))
    whole = {place: rates for place, rates in by_place.items() if len(rates) == len(counts)}
    return {count: {place: rates[count] for place, rates in whole.items()} for count in counts}


def in_order(throughputs: Throughputs) -> dict[int, list[float]]:
    """The same in the order of the sessions, as laws are fitted to it."""
    return {count: [values[place] for place in sorted(values)] for count, values in throughputs.items()}


def scalings_of(sessions: Sessions) -> list[Scaling]:
    """Every model that was measured with several numbers of workers, in the order of the files."""
    cores = next((session.fingerprint.get("cores_usable") for _, _, session in _each(sessions)), None)
    return [
        Scaling(
            workload=workload,
            model=which.model,
            interpreter=which.interpreter,
            size=size,
            law=fit_law(in_order(throughputs), cores),
            tasks_per_second={n: statistics.median(values.values()) for n, values in throughputs.items() if values},
        )
        for (workload, which, size), throughputs in throughputs_of(sessions).items()
        if len(throughputs) > 1
    ]


def overtakings_of(sessions: Sessions) -> list[Overtaking]:
    """Where one model is faster for sure at a number of workers, and slower for sure at the next that is sure.

    Models are compared on one interpreter, and interpreters by one model.
    """
    by_work: dict[tuple[str, str], dict[ModelOn, Throughputs]] = {}
    for (workload, which, size), throughputs in throughputs_of(sessions).items():
        by_work.setdefault((workload, size), {})[which] = throughputs
    return [
        replace(place, size=size)
        for (workload, size), by_model in by_work.items()
        for place in _between(workload, by_model)
    ]


def overtakings_between(workload: str, by_model: Mapping[str, Throughputs]) -> list[Overtaking]:
    """The same for the models of one workload in one size; speed-ups do as well as tasks per second."""
    return _between(workload, {ModelOn(model): throughputs for model, throughputs in by_model.items()})


def _between(workload: str, by_model: Mapping[ModelOn, Throughputs]) -> list[Overtaking]:
    pairs = itertools.combinations(by_model, 2)
    return [
        place
        for first, second in pairs
        if first.interpreter == second.interpreter or first.model == second.model
        for place in _overtakings(workload, (first, by_model[first]), (second, by_model[second]))
    ]


def _overtakings(
    workload: str, first: tuple[ModelOn, Throughputs], second: tuple[ModelOn, Throughputs]
) -> list[Overtaking]:
    leads = _leads(first[1], second[1])
    sure = [(count, lead) for count, (lead, reach) in leads.items() if abs(lead) > reach]
    overtakings = []
    for (low, before), (high, after) in itertools.pairwise(sure):
        if (before > 0) != (after > 0):
            share = before / (before - after)
            faster, slower = (first[0], second[0]) if after > 0 else (second[0], first[0])
            overtakings.append(
                Overtaking(
                    workload=workload,
                    faster=faster.model,
                    slower=slower.model,
                    faster_on=faster.interpreter,
                    slower_on=slower.interpreter,
                    at=math.exp(math.log(low) + share * math.log(high / low)),
                    low=low,
                    high=high,
                )
            )
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
