"""What would change the advice: predicted, not raced, and labelled so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from parabench.advise.prediction import Machine, Prediction
from parabench.advise.probe import Probe

#: More cores, and longer calls, that are looked at.
CORES_MORE, TIMES_LONGER = 8, 10
#: Gains of less than this factor are not told.
TOLD = 1.15

Predict = Callable[[Probe, Machine], Sequence[Prediction]]


def otherwise(probe: Probe, machine: Machine, family: str, predict: Predict) -> tuple[str, ...]:
    """The best family under other circumstances, where it would be another one or gain more; a line for each."""
    now = _speedups(predict(probe, machine))
    cores = replace(machine, cores=max(CORES_MORE, 2 * machine.cores))
    longer = replace(
        probe,
        seconds=TIMES_LONGER * probe.seconds,
        seconds_cpu=TIMES_LONGER * probe.seconds_cpu,
        seconds_longest=TIMES_LONGER * probe.seconds_longest,
    )
    circumstances = [(f"{cores.cores} cores", _speedups(predict(probe, cores)))]
    if family == "baseline":
        circumstances.append((f"calls {TIMES_LONGER} times as long", _speedups(predict(longer, machine))))
    if probe.computes and probe.gil_released < 0.5:
        circumstances.append(("a free-threaded build", _speedups(predict(replace(probe, gil_held=0.0), machine))))
    lines = []
    for what, then in circumstances:
        best = max(then, key=lambda name: then[name])
        gains = then[best] > TOLD * max(1.0, now.get(best, 1.0))
        if best != family and then[best] > TOLD * then.get(family, 1.0):
            lines.append(f"{what}: {best}, {then[best]:.1f}x")
        elif best == family and gains:
            lines.append(f"{what}: {best} still, {then[best]:.1f}x")
    return ("; ".join(lines) + " (predicted)",) if lines else ()


def _speedups(contestants: Sequence[Prediction]) -> dict[str, float]:
    """Seconds of one after the other / seconds of the quickest of each family that can run."""
    alone = next(contestant.seconds for contestant in contestants if contestant.family == "baseline")
    best: dict[str, float] = {}
    for contestant in contestants:
        if contestant.impossible is None:
            best[contestant.family] = max(best.get(contestant.family, 0.0), alone / contestant.seconds)
    return best
