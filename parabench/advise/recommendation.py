"""From a race to what is recommended: by the race where it is settled, else by prediction among what it has left."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.advise.advice import Checked, Standing
from parabench.advise.prediction import Prediction, Selection
from parabench.advise.race_session import Raced
from parabench.advise.simplicity import Key, simplicity
from parabench.analyse.ranking import Ratio
from parabench.explain.thrift import joules_estimated
from parabench.models import BASELINE
from parabench.records import CellRecord
from parabench.session.answers import Choice

#: Predictions that are so close together do not choose: the simplest does.
AS_GOOD = 1.05
#: What is less than so many times as fast as one call after the other is not worth the workers that come along with it.
WORTH = 1.1
#: A speed-up whose ends are further apart than this factor is told without them.
USELESS_WIDTH = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to use, and what comes after it."""

    use: Choice
    chosen: Prediction
    settled: bool
    speedup: float | None
    low: float | None
    high: float | None
    equals: tuple[Choice, ...]
    following: tuple[Standing, ...]


def verdict_of(selection: Selection, raced: Raced, *, awaits: bool = False) -> Verdict | None:
    """The verdict on a race; None when no contestant has a valid time.

    `awaits`: the function is a coroutine function, for which an event loop is the simplest that there is.
    """
    predicted = {contestant.key: contestant for contestant in selection.contestants}
    valid = {key_of(record): record for record in raced.records if record.valid}
    if raced.answer is None or not valid:
        return None
    answer = raced.answer
    alive = [key_of_choice(choice) for choice in (answer.use, *answer.equals)]
    if len(alive) == 1 and not answer.settled:  # nothing has been compared
        alive = list(valid)
    ratios = _speedups(raced, valid)
    if answer.settled:
        good = [key for key, record in valid.items() if record.label in raced.good] or alive[:1]
        key = min(good, key=lambda key: simplicity(predicted[key].family, key, awaits=awaits))
    else:
        key = _by_prediction(not_slower(alive, ratios), predicted, awaits=awaits)
    key = plain_unless_worth_it(key, ratios)
    own = ratios.get(key)
    wide = own is None or own.low is None or own.high is None or own.high > USELESS_WIDTH * own.low
    return Verdict(
        use=choice_of(predicted[key]),
        chosen=predicted[key],
        settled=answer.settled,
        speedup=own.ratio if own else None,
        low=None if wide or own is None else own.low,
        high=None if wide or own is None else own.high,
        equals=tuple(choice_of(predicted[other]) for other in dict.fromkeys(alive) if other != key),
        following=_following(key, valid, ratios, predicted),
    )


def key_of(record: CellRecord) -> Key:
    """Which contestant a record is of."""
    return record.cell.model, record.cell.workers, record.cell.chunk


def key_of_choice(choice: Choice) -> Key:
    """Which contestant a choice is."""
    return choice.model, choice.workers, choice.chunk


def choice_of(contestant: Prediction) -> Choice:
    """A contestant as what can be recommended."""
    return Choice(contestant.family, contestant.model, contestant.workers, contestant.chunk)


def not_slower(alive: Sequence[Key], ratios: Mapping[Key, Ratio]) -> Sequence[Key]:
    """Those that were not seen to be slower than one call after the other: no prediction speaks for these."""
    return [key for key in alive if (seen := ratios.get(key)) is None or seen.ratio * AS_GOOD >= 1] or alive


def plain_unless_worth_it(key: Key, ratios: Mapping[Key, Ratio]) -> Key:
    """This contestant, or one call after the other where that was raced and this one gains too little over it."""
    plain = next((other for other in ratios if other[0] == BASELINE), None)
    seen = ratios.get(key)
    return plain if plain is not None and seen is not None and seen.ratio < WORTH else key


def _by_prediction(alive: Sequence[Key], predicted: Mapping[Key, Prediction], *, awaits: bool) -> Key:
    """The simplest of those that are predicted to be the quickest."""
    best = min(predicted[key].seconds for key in alive)
    good = [key for key in alive if predicted[key].seconds <= AS_GOOD * best]
    return min(good, key=lambda key: simplicity(predicted[key].family, key, awaits=awaits))


def _speedups(raced: Raced, valid: Mapping[Key, CellRecord]) -> dict[Key, Ratio]:
    """Seconds of one after the other / seconds of each contestant, with an interval where there is one."""
    alone = next((record.seconds for record in valid.values() if record.cell.model == BASELINE), None)
    speedups: dict[Key, Ratio] = {}
    for key, record in valid.items():
        if key[0] == BASELINE:
            speedups[key] = Ratio(ratio=1.0, low=1.0, high=1.0, pairs=0)
        elif (known := raced.speedups.get(record.label)) is not None:
            speedups[key] = known
        elif alone and record.seconds:
            speedups[key] = Ratio(ratio=alone / record.seconds, low=None, high=None, pairs=0)
    return speedups


def _following(
    chosen: Key, valid: Mapping[Key, CellRecord], ratios: Mapping[Key, Ratio], predicted: Mapping[Key, Prediction]
) -> tuple[Standing, ...]:
    """The quickest of each other family."""
    best: dict[str, Standing] = {}
    for key in sorted(ratios, key=lambda key: -ratios[key].ratio):
        family = predicted[key].family
        if family != predicted[chosen].family:
            more = _bytes_more(valid[key])
            best.setdefault(family, Standing(choice_of(predicted[key]), ratios[key].ratio, more))
    return tuple(best.values())


def _bytes_more(record: CellRecord) -> int | None:
    """Memory at its peak beyond what it had before, where a round has shown it."""
    shown = record.instrumented
    if shown is None or shown.bytes_peak is None or shown.bytes_before is None:
        return None
    return shown.bytes_peak - shown.bytes_before


def checked_of(selection: Selection, raced: Raced) -> tuple[Checked, ...]:
    """Predictions beside what was raced."""
    seconds = {key_of(record): record.seconds for record in raced.records}
    alone = next((contestant for contestant in selection.contestants if contestant.family == "baseline"), None)
    raced_alone = seconds.get(alone.key) if alone else None
    pace = raced_alone / alone.seconds if alone and raced_alone else 1.0
    return tuple(
        Checked(contestant.model, contestant.workers, contestant.chunk, contestant.seconds * pace, taken)
        for contestant in selection.contestants
        if (taken := seconds.get(contestant.key)) is not None and contestant.family != "baseline"
    )


def seconds_per_1000(raced: Raced, key: Key) -> float | None:
    """What 1,000 calls take under a contestant."""
    record = next((record for record in raced.records if key_of(record) == key), None)
    return 1000 * record.seconds / record.tasks if record and record.seconds and record.tasks else None


def sure_text(raced: Raced, verdict: Verdict) -> str:
    """Whether it is settled, after how much, and what fresh passes say of what was chosen."""
    passes = f"{raced.passes} pass{'' if raced.passes == 1 else 'es'} ({raced.seconds:.0f} s)"
    if raced.stopped is not None:
        return f"not settled after {passes}, {raced.stopped}: the best by prediction of what the race has left"
    fresh = raced.confirmed
    if fresh is None or fresh.label != _label_of(raced, verdict.chosen.key):
        return f"settled after {passes}"
    return f"settled after {passes}; {fresh.speedup:.2f}x in {fresh.passes} fresh of them, made after that"


def _label_of(raced: Raced, key: Key) -> str | None:
    return next((record.label for record in raced.records if key_of(record) == key), None)


def costs_text(raced: Raced, key: Key, cores: int) -> str:
    """Memory, processor time and energy of what is recommended, as far as they are known.

    Joules that nobody counted are estimated from processor time (`parabench.explain.thrift`), and called so.
    """
    record = next((record for record in raced.records if key_of(record) == key), None)
    if record is None or not record.visits:
        return ""
    parts = []
    shown = record.instrumented
    if shown is not None and shown.bytes_peak is not None:
        parts.append(f"memory {shown.bytes_peak / 1e6:.0f} MB")
    if record.tasks:
        cpu = statistics.fmean(visit.seconds_cpu for visit in record.visits)
        counted = [visit.joules for visit in record.visits if visit.joules is not None]
        if counted:
            energy = f"{1000 * statistics.fmean(counted) / record.tasks:.2g} J"
        else:
            energy = f"{1000 * joules_estimated(record.seconds or 0.0, cpu, cores) / record.tasks:.2g} J (estimated)"
        parts.append(f"{1000 * cpu / record.tasks:.2g} CPU s and {energy} per 1,000")
    return "; ".join(parts)
