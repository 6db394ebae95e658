"""What stored sessions of one machine say of each workload: an answer, and all contestants beside it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parabench.analyse.race import EQUAL_WITHIN, Race
from parabench.analyse.ranking import BASELINE, Ratio, common_prior, rank
from parabench.history.details import Details
from parabench.history.stored import StoredBenchmark
from parabench.history.summary import SessionSummary
from parabench.records import CellId
from parabench.session.answers import Answer, Choice

#: Label of a contestant -> number of the pass or session -> seconds per round.
Times = dict[str, dict[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One cell of a workload, as the session that is shown has it."""

    benchmark: StoredBenchmark
    cell: CellId
    #: Seconds per round.
    seconds: float
    #: Seconds of sequential / its seconds; None where the two have no pass or session in common.
    speedup: Ratio | None

    @property
    def family(self) -> str:
        """Its family; its model's name where the file does not tell."""
        return self.benchmark.family or self.cell.model

    @property
    def choice(self) -> Choice:
        """What can be recommended of it."""
        return Choice(self.family, self.cell.model, self.cell.workers, self.cell.chunk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One workload on one machine."""

    answer: Answer
    kind: str
    #: Fastest first.
    contestants: tuple[Contestant, ...]
    #: What the answer rests on, in words.
    basis: str
    #: The session that is shown.
    details: Details

    @property
    def recommended(self) -> Contestant | None:
        """The contestant that the answer recommends; None if the session has no such cell."""
        wanted = self.answer.use
        matching = (contestant for contestant in self.contestants if contestant.choice == wanted)
        return next(matching, None)


def evidence_of(workload: str, details: Details, replicates: Sequence[SessionSummary]) -> Evidence | None:
    """What a session says of a workload, and other sessions of the same commit with it; None if it has no number of it.

    The session's own answer stands where it saw a contestant more than once. Else each session is one look, if there
    are several of them, and the speed-up is about the machine.
    """
    cells = [
        (benchmark, benchmark.cell)
        for benchmark in details.session.benchmarks
        if benchmark.cell and benchmark.cell.workload == workload
    ]
    measured = [(benchmark, cell) for benchmark, cell in cells if benchmark.seconds_per_round is not None]
    if not measured:
        return None
    stored = next((entry for entry in details.answers or () if entry["workload"] == workload), None)
    by_session = _by_session([cell for _, cell in measured], replicates)
    looks = max(map(len, by_session.values()), default=0)
    own = stored is not None and (stored["visits"] > 1 or looks < 2)
    times = _by_pass(measured) if own or looks < 2 else by_session
    speedups = _speedups(times, details)
    contestants = tuple(
        Contestant(
            benchmark=benchmark,
            cell=cell,
            seconds=benchmark.seconds_per_round or math.nan,
            speedup=speedups.get(cell.label),
        )
        for benchmark, cell in sorted(measured, key=lambda pair: pair[0].seconds_per_round or math.inf)
    )
    if own and stored is not None:
        answer, basis = answer_of(stored), f"{_visits(stored['visits'])} in session {details.session.number or '?'}"
    else:
        answer = _answer_over(workload, contestants, times, sessions=looks > 1)
        basis = f"{looks} sessions" if looks > 1 else f"one visit in session {details.session.number or '?'}"
    return Evidence(
        answer=answer, kind=measured[0][0].kind or "unknown", contestants=contestants, basis=basis, details=details
    )


def answer_of(stored: Mapping[str, Any]) -> Answer:
    """A stored answer as a session gives it."""
    parts = ("family", "model", "workers", "chunk")

    def choice(entry: Mapping[str, Any]) -> Choice:
        return Choice(*(entry[part] for part in parts))

    return Answer(
        **{key: value for key, value in stored.items() if key not in ("use", "equals", "others", "seconds")},
        seconds=math.nan if stored["seconds"] is None else stored["seconds"],
        use=choice(stored["use"]),
        equals=tuple(choice(entry) for entry in stored["equals"]),
        others=tuple((choice(entry), entry["speed"]) for entry in stored["others"] if entry.get("speed") is not None),
    )


def _visits(number: int) -> str:
    return "one visit" if number == 1 else f"{number} visits"


def _by_pass(measured: Iterable[tuple[StoredBenchmark, CellId]]) -> Times:
    return {
        cell.label: dict(benchmark.seconds_by_pass or {0: benchmark.seconds_per_round or math.nan})
        for benchmark, cell in measured
    }


def _by_session(cells: Sequence[CellId], replicates: Sequence[SessionSummary]) -> Times:
    """Seconds per round of each session by the label of the cell."""
    wanted = {cell: cell.label for cell in cells}
    times: Times = {}
    for place, session in enumerate(replicates):
        for key, seconds in session.cells():
            if key.cell in wanted:
                times.setdefault(wanted[key.cell], {})[place] = seconds
    return times


def _speedups(times: Times, details: Details) -> Mapping[str, Ratio]:
    """Of all contestants, with intervals that hold together; the noise of the session's other workloads is known."""
    others: dict[str, Times] = {}
    for benchmark in details.session.benchmarks:
        if benchmark.cell is not None and benchmark.seconds_by_pass:
            others.setdefault(benchmark.cell.workload, {})[benchmark.cell.label] = dict(benchmark.seconds_by_pass)
    prior = common_prior(others.values())
    ranking = rank(times, prior=prior)
    speedups = ranking.speedups if ranking else {}
    return {label: ratio for label, ratio in speedups.items() if not math.isnan(ratio.ratio)}


def _answer_over(workload: str, contestants: Sequence[Contestant], times: Times, *, sessions: bool) -> Answer:
    """An answer where no session has given one that could be relied on: each session (or pass) is one look."""
    by_label = {contestant.cell.label: contestant for contestant in contestants}
    race = Race({label: contestant.family for label, contestant in by_label.items()})
    race.look(times, max(map(len, times.values())), {})
    first = min(by_label, key=lambda label: statistics.median(times.get(label, {0: math.inf}).values()))
    chosen = by_label[race.leader or first]
    ratios = race.ratios_to(BASELINE, times, {})
    ratio = ratios.get(chosen.cell.label)
    equals = [by_label[label] for label in race.equals if label != chosen.cell.label]
    seconds = statistics.median(times.get(chosen.cell.label, {0: chosen.seconds}).values())
    return Answer(
        workload=workload,
        use=chosen.choice,
        seconds=seconds,
        settled=race.settled,
        family_settled=race.settled or (race.looks > 0 and race.family_settled),
        equals=tuple(contestant.choice for contestant in equals),
        speedup=ratio.ratio if ratio and not math.isnan(ratio.ratio) else None,
        low=ratio.low if ratio else None,
        high=ratio.high if ratio else None,
        about="the machine" if sessions else "this session",
        share_of_limit=chosen.benchmark.figures.get("share_of_ideal"),
        others=_others(chosen, contestants),
        reason=_reason(race),
        visits=len(times.get(chosen.cell.label, ())),
    )


def _reason(race: Race) -> str:
    if not race.looks:
        return "one pass says nothing about chance"
    if not race.settled:
        return "ahead so far"
    return f"at most {EQUAL_WITHIN - 1:.0%} slower than the best for sure"


def _others(chosen: Contestant, contestants: Sequence[Contestant]) -> tuple[tuple[Choice, float], ...]:
    best: dict[str, tuple[Choice, float]] = {}
    for contestant in contestants:
        if contestant.family != chosen.family:
            best.setdefault(contestant.family, (contestant.choice, chosen.seconds / contestant.seconds))
    return tuple(best.values())
