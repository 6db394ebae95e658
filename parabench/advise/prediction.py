"""From the probe to seconds: what each contestant takes for a batch, and what binds it. Pure: numbers in, numbers out.

A batch cannot end before its longest task, before every core has done its share of the computing, before those in
flight have waited for theirs, and before its tasks have been handed over. The largest of these is what binds; handing
over is added, because a task that is handed over is not run meanwhile by the same thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.advise.dispatch import key_of
from parabench.advise.probe import Probe
from parabench.models.contract import Model

#: What cannot come within this factor of the best prediction is not raced.
RULED_OUT = 1.3
#: A prediction is wrong when what was raced is off by more than this factor.
ERROR_STATED = 1.5
#: Processes for work that waits: more take memory and seconds to start.
PROCESSES_MOST = 32
#: A function that keeps this share of the cores busy by itself gains nothing from workers.
FULL = 0.8
#: Twice as many in flight that take more than this share of the time have stopped to scale; a call that takes so many
#: times as long among others is slowed down by them.
SCALES, STRETCHED = 0.85, 1.2
#: A control that takes more than so many times as long would cost more than it tells.
CONTROL_MOST = 10.0
#: Contestants that were ruled out and wait for predictions to be wrong.
RESERVE_MOST = 6
#: Families whose workers take next to nothing; what others have to come down to beside them, to be worth more processes
#: than cores.
LIGHT, WORTH_PROCESSES = ("threads", "asyncio", "greenlets"), 0.9
#: In flight, for work that waits; each of them as far as there are items for it.
RUNGS = (4, 8, 16, 32, 64, 128, 256, 512)

Bound = tuple[float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One contestant, and how long it should take for a batch."""

    model: str
    family: str
    workers: int
    chunk: str
    #: Seconds of the batch.
    seconds: float
    #: What binds it.
    bound: str
    #: Why it cannot run this function at all; None when it can.
    impossible: str | None = None

    @property
    def key(self) -> tuple[str, int, str]:
        """Which contestant."""
        return self.model, self.workers, self.chunk


@dataclass(frozen=True, slots=True)
class Machine:
    """What does not depend on the function."""

    cores: int
    #: Seconds a task is handed over, by `dispatch.key_of`.
    dispatch: Mapping[str, float]


def predictions(
    probe: Probe, models: Sequence[Model], machine: Machine, items: int, *, coroutine: bool, only_coroutine: bool
) -> list[Prediction]:
    """Every contestant, quickest first. `coroutine`: event loops can await it; `only_coroutine`: it is nothing else."""
    contestants = []
    for model in models:
        impossible = why_impossible(probe, model, coroutine=coroutine, only_coroutine=only_coroutine)
        for workers in workers_of(probe, model, machine.cores, items):
            for chunk in chunks_of(probe, model, workers, items):
                seconds, bound = _seconds(probe, model, machine, items, workers, chunk)
                contestants.append(
                    Prediction(
                        model=model.name,
                        family=model.family,
                        workers=workers,
                        chunk=chunk,
                        seconds=seconds,
                        bound=bound,
                        impossible=impossible,
                    )
                )
    return sorted(contestants, key=lambda contestant: contestant.seconds)


def why_impossible(probe: Probe, model: Model, *, coroutine: bool, only_coroutine: bool) -> str | None:
    """Why a model cannot run the function, or need not be thought of, whatever it costs."""
    worker = model.capabilities.worker
    awaits = only_coroutine and not probe.computes and not probe.loop_blocked
    reasons = {
        "it never awaits: an event loop would run one call after the other (write a coroutine twin)": (
            worker == "coroutine" and not coroutine
        ),
        "it awaits: one event loop does the same without threads": worker == "thread" and awaits,
        "it is a thread pool for programs that run in an event loop: see threads": model.name == "asyncio-to-thread",
        "it needs gevent's patches in your whole program": worker == "greenlet",
        f"its results do not pickle: {probe.value_pickles}": (
            model.capabilities.pickles and probe.value_pickles is not None
        ),
        "it starts processes itself, which daemonic workers may not": (
            model.name == "mp-pool" and bool(probe.traces.get("processes"))
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def workers_of(probe: Probe, model: Model, cores: int, items: int) -> list[int]:
    """Numbers of workers to think of."""
    worker = model.capabilities.worker
    if worker == "caller":
        return [1]
    if worker == "coroutine" or not probe.computes:
        most = min(items, probe.in_flight_most, PROCESSES_MOST if worker in ("process", "interpreter") else 10**9)
        rungs = {rung for rung in RUNGS if rung <= most} | {min(most, cores)}
        return sorted(rungs | ({most} if most not in rungs and most <= 8 else set()))
    return [max(1, min(cores, items, probe.in_flight_most))]


def chunks_of(probe: Probe, model: Model, workers: int, items: int) -> tuple[str, ...]:
    """Chunks to think of: tasks that wait would wait for one another in one."""
    if "auto" in model.chunks and probe.computes and items > 4 * workers:
        return model.chunks
    return ("1",)


def _seconds(probe: Probe, model: Model, machine: Machine, items: int, workers: int, chunk: str) -> Bound:
    """Seconds of a batch, and what binds it."""
    each = machine.dispatch.get(key_of(model.name, chunk), 0.0)
    worker = model.capabilities.worker
    if worker == "caller":
        return items * probe.seconds, "one call after the other"
    handed = items * each
    if probe.cores_used >= FULL * machine.cores:
        return items * probe.seconds + handed, "the cores, which it keeps busy by itself"
    longest = (probe.seconds_longest, "the longest task")
    waves = -(-items // workers)
    if worker in ("thread", "coroutine"):
        measured = probe.threads if worker == "thread" else probe.coroutines
        alone, bound = _shared(probe, measured, workers, machine)
        best = max((items * alone, bound), longest)
        return best[0] + handed, best[1] if best[0] > handed else "handing over"
    weight = sum(probe.traces.get(part, {}).get("seconds") or 0.0 for part in ("values", "items"))
    busy = min(workers, machine.cores) / max(1.0, probe.cores_used if probe.cores_used > 1.25 else 1.0)
    computing = (items * probe.seconds_cpu / max(busy, 1.0), f"{machine.cores} cores")
    waiting = (waves * probe.seconds, f"{workers} in flight" if not probe.computes else f"{machine.cores} cores")
    best = max(computing, waiting, longest)
    handed += items * weight
    if best[0] > handed:
        return best[0] + handed, best[1]
    return best[0] + handed, "sending items and results" if weight > each else "handing over"


def _shared(probe: Probe, measured: Mapping[int, float], workers: int, machine: Machine) -> Bound:
    """Seconds a call with so many at once that share an interpreter.

    Computing follows from processor time and the GIL. Waiting follows what was measured of 1, 2, 4 and 8 at once: in
    proportion, until it stops to scale.
    """
    released = probe.gil_released if measured is probe.threads else 0.0
    computing = max(
        (probe.seconds_cpu * (1 - released), "the GIL" if measured is probe.threads else "one core, that of the loop"),
        (probe.seconds_cpu / min(workers, machine.cores), f"{machine.cores} cores"),
    )
    if probe.computes:
        return computing
    waiting = (probe.seconds / workers, f"{workers} in flight")
    if measured:
        known = max(count for count in measured if count <= max(workers, min(measured)))
        full = known > 1 and known // 2 in measured and measured[known] > SCALES * measured[known // 2]
        if full:
            waiting = (measured[known], f"the other side, which keeps up with no more than {known // 2} in flight")
        elif measured[known] * known > STRETCHED * probe.seconds:
            waiting = (measured[known] * known / max(workers, known), f"{workers} in flight")
    return max(computing, waiting)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is raced, and what is not."""

    raced: list[Prediction]
    #: One that was ruled out and is run all the same.
    control: Prediction | None
    ruled_out: list[tuple[Prediction, str]]

    @property
    def reserve(self) -> list[Prediction]:
        """What could run but was ruled out, the best of it: raced when predictions were wrong."""
        others = [
            contestant
            for contestant, _ in self.ruled_out
            if contestant.impossible is None and contestant is not self.control
        ]
        return others[:RESERVE_MOST]

    @property
    def contestants(self) -> list[Prediction]:
        """All that a race knows."""
        return [*self.raced, *([self.control] if self.control else []), *self.reserve]


def select(contestants: Sequence[Prediction], cores: int, most: int = 6, *, each_once: bool = False) -> Selection:
    """Which contestants are raced: those within RULED_OUT of the best prediction, the best two of each family.

    `each_once`: one of each family, and no control, because items are scarce.
    """
    possible = [contestant for contestant in contestants if contestant.impossible is None]
    baseline = [contestant for contestant in possible if contestant.family == "baseline"]
    best = min(contestant.seconds for contestant in possible)
    lightest = min((contestant.seconds for contestant in possible if contestant.family in LIGHT), default=best)
    of_family = 1 if each_once else 2
    raced: list[Prediction] = []
    ruled_out: list[tuple[Prediction, str]] = []
    for contestant in possible:
        if contestant.family == "baseline":
            continue
        if contestant.seconds > RULED_OUT * best:
            ruled_out.append(
                (contestant, f"{contestant.bound}: predicted {contestant.seconds / best:.1f}x the time of the best")
            )
        elif (
            contestant.family not in LIGHT
            and contestant.workers > cores
            and contestant.seconds > WORTH_PROCESSES * lightest
        ):
            ruled_out.append(
                (contestant, f"predicted no better than lighter workers, and takes {contestant.workers} processes")
            )
        elif len(raced) >= most or _crowded(contestant, raced, of_family):
            ruled_out.append((contestant, "predicted no better than another one of its family"))
        else:
            raced.append(contestant)
    control = None if each_once else _control([contestant for contestant, _ in ruled_out], raced, best)
    ruled_out += [
        (contestant, contestant.impossible) for contestant in contestants if contestant.impossible is not None
    ]
    return Selection(baseline + raced, control, ruled_out)


def _control(ruled_out: Sequence[Prediction], raced: Sequence[Prediction], best: float) -> Prediction | None:
    """One that cannot come near the best and does not take too long, of a family that is not raced if there is one."""
    families = {contestant.family for contestant in raced}
    able = [contestant for contestant in ruled_out if RULED_OUT * best < contestant.seconds <= CONTROL_MOST * best]
    return min(able, key=lambda contestant: (contestant.family in families, contestant.seconds), default=None)


def _crowded(contestant: Prediction, raced: Sequence[Prediction], of_family: int) -> bool:
    """Whether enough of its family are raced, or the same model with other workers or another chunk."""
    own = [other for other in raced if other.family == contestant.family]
    return len(own) >= of_family or any(contestant.model == other.model for other in own)
