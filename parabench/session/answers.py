"""The answers of a session: for each workload what to use, how sure that is, and why it and not another one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Any

from parabench.analyse.between_sessions import Between, about_the_machine
from parabench.analyse.race import ALPHA, EQUAL_WITHIN, Race
from parabench.analyse.ranking import BASELINE, Ratio
from parabench.models.contract import Model
from parabench.records import CellId, CellRecord
from parabench.session.broken_laws import broken_laws
from parabench.session.races import Races, passes_by_workload
from parabench.workload import Limit

#: From the simplest to the one that brings the most along; families that are not named come last.
SIMPLEST_FIRST = ("baseline", "threads", "asyncio", "greenlets", "interpreters", "processes", "queues", "clusters")
#: How the reason begins where several are as good.
SIMPLEST = "the simplest of those"


@dataclass(frozen=True, slots=True)
class Choice:
    """A contestant: what can be recommended."""

    family: str
    model: str
    workers: int
    chunk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a session says about one workload."""

    workload: str
    use: Choice
    #: Seconds per round of what is recommended.
    seconds: float
    #: Whether it is at most 5 % slower than the best contestant for sure.
    settled: bool
    #: Whether no other family can be more than 5 % faster than its own.
    family_settled: bool
    #: Other contestants that this session does not tell from the best one; if settled, nor 5 % slower for sure.
    equals: tuple[Choice, ...]
    #: Seconds of sequential / its seconds, with an interval that holds for all contestants together with 95 %; None
    #: where it is unknown.
    speedup: float | None
    low: float | None
    high: float | None
    #: What the interval is about: "this session", or "the machine" where earlier sessions tell how much they differ.
    about: str
    #: Shortest possible seconds / its seconds, 1 at most; None where nobody knows the limit, or the law is wrong.
    share_of_limit: float | None
    #: The best of each other family, and its share of the speed: below 1 is slower.
    others: tuple[tuple[Choice, float], ...]
    #: Why it is this one, in words.
    reason: str
    #: How many visits the recommended contestant had.
    visits: int

    @property
    def is_simplest(self) -> bool:
        """Whether it is recommended because it is the simplest of several that are as good."""
        return self.reason.startswith(SIMPLEST)

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "others": [{**asdict(choice), "speed": speed} for choice, speed in self.others]}


def answers_of(
    records: Iterable[CellRecord],
    models: Mapping[str, Model],
    limits: Mapping[str, Limit],
    races: Races | None,
    earlier: Mapping[CellId, Between] | None = None,
) -> list[Answer]:
    """An answer for each workload with a valid cell, in the order of the records.

    `earlier` says how far the speed-up of a session is from the machine's, as earlier sessions tell. Without races the
    passes are judged by one look at all of them.
    """
    records = [record for record in records if record.cell.unavailable is None]
    if races is None:
        races = Races(records, {name: model.family for name, model in models.items()}, everything=True)
        races.look(max((len(record.visits) for record in records), default=0))
    broken = broken_laws(records, limits).keys()
    answers = []
    for workload in passes_by_workload(records):
        here = {record.label: record for record in records if record.cell.workload == workload and record.valid}
        race = races.by_workload[workload]
        speedups = {
            label: _widened(ratio, (earlier or {}).get(here[label].cell.identity), 1 - ALPHA / max(1, len(here) - 1))
            for label, ratio in races.speedups.get(workload, {}).items()
            if label in here
        }
        answers.append(_answer(here, race, speedups, models, limits, broken))
    return answers


def _answer(
    here: Mapping[str, CellRecord],
    race: Race,
    speedups: Mapping[str, tuple[Ratio, bool]],
    models: Mapping[str, Model],
    limits: Mapping[str, Limit],
    broken: AbstractSet[str],
) -> Answer:
    fastest = min(here, key=lambda label: here[label].seconds or math.inf)
    best = race.leader if race.leader is not None and race.leader in here else fastest
    good = sorted(race.good & here.keys())
    simplest = min(good, key=lambda label: _simplicity(here[label], models)) if good else best
    record = here[simplest]
    equals = [label for label in race.equals if label in here and label != simplest]
    itself = Ratio(ratio=1.0, low=1.0, high=1.0, pairs=0)
    speedup, of_machine = (itself, False) if simplest == BASELINE else speedups.get(simplest, (None, False))
    limit = limits.get(record.cell.id)
    share = limit.seconds / record.seconds if limit and limit.seconds is not None and record.seconds else None
    if share is not None and share > 1:
        share = None if record.cell.id in broken else 1.0  # noise, where the law is not broken
    return Answer(
        workload=record.cell.workload,
        use=_choice(record, models),
        seconds=record.seconds or math.nan,
        settled=race.settled,
        family_settled=race.settled or race.family_settled,
        equals=tuple(_choice(here[label], models) for label in equals),
        speedup=speedup.ratio if speedup else None,
        low=speedup.low if speedup else None,
        high=speedup.high if speedup else None,
        about="the machine" if of_machine else "this session",
        share_of_limit=share,
        others=_others(simplest, here, race, models),
        reason=_reason(simplest, equals, good, race),
        visits=len(record.visits),
    )


def _widened(ratio: Ratio, between: Between | None, confidence: float) -> tuple[Ratio, bool]:
    """A speed-up, and whether its interval is about the machine and not only about this session."""
    if between is None:
        return ratio, False
    return about_the_machine(ratio, between, confidence), True


def _choice(record: CellRecord, models: Mapping[str, Model]) -> Choice:
    cell = record.cell
    return Choice(models[cell.model].family, cell.model, cell.workers, cell.chunk)


def _simplicity(record: CellRecord, models: Mapping[str, Model]) -> tuple[int, bool, int, str]:
    """Sorts by what is simplest: its family, then what needs the standard library only, then fewer workers."""
    model = models[record.cell.model]
    place = SIMPLEST_FIRST.index(model.family) if model.family in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
    return place, bool(model.libraries), record.cell.workers, record.label


def _others(
    chosen: str, here: Mapping[str, CellRecord], race: Race, models: Mapping[str, Model]
) -> tuple[tuple[Choice, float], ...]:
    """The best contestant of each family but that of the chosen one, fastest first, on common passes."""
    behind = {name: ratio.ratio for name, ratio in race.behind.items() if name in here} | {race.leader or chosen: 1.0}
    own = behind.get(chosen, 1.0)
    best: dict[str, tuple[Choice, float]] = {}
    for label, ratio in sorted(behind.items(), key=lambda entry: entry[1]):
        choice = _choice(here[label], models) if label in here else None
        if choice is not None and choice.family != models[here[chosen].cell.model].family and not math.isnan(ratio):
            best.setdefault(choice.family, (choice, own / ratio))
    return tuple(best.values())


def _reason(chosen: str, equals: list[str], good: list[str], race: Race) -> str:
    if not race.looks:
        return "one pass says nothing about chance"
    if not race.settled:
        sure = f"{race.families[race.leader or chosen]} for sure, and ahead in it so far"
        first = sure if race.family_settled else "ahead so far"
        return f"{first}; not told from {', '.join(equals)}" if equals else first
    if len(good) > 1:
        return f"{SIMPLEST} that are at most {EQUAL_WITHIN - 1:.0%} slower than the best: {', '.join(good)}"
    if equals:
        within = f"{EQUAL_WITHIN - 1:.0%}"
        return f"at most {within} slower than the best for sure; not {within} faster for sure than {', '.join(equals)}"
    if len(race.running) > 1:
        return f"at most {EQUAL_WITHIN - 1:.0%} slower than the best for sure"
    return "faster than every other one for sure"
