"""Laws of scaling as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parabench.analyse.scaling_law import Interval, Law
from parabench.explain.scaling_of_models import ModelOn, Overtaking, Scaling
from parabench.workload import SIZES


def scaling_text(scalings: Sequence[Scaling], overtakings: Iterable[Overtaking]) -> str:
    """A paragraph for each workload, size and model, and a line for each place where models cross."""
    lines: list[str] = []
    overtakings = list(overtakings)
    for workload, size in dict.fromkeys((scaling.workload, scaling.size) for scaling in scalings):
        lines += ["", workload if size == SIZES[0] else f"{workload}, size {size}"]
        for scaling in scalings:
            if (scaling.workload, scaling.size) == (workload, size):
                name = ModelOn(scaling.model, scaling.interpreter)
                lines += [f"  {name}", *(f"    {line}" for line in _told(scaling))]
        lines += [
            f"  {ModelOn(place.faster, place.faster_on)} is faster than {ModelOn(place.slower, place.slower_on)} "
            f"from {place.at:.2g} workers on [{place.low}, {place.high}]"
            for place in overtakings
            if (place.workload, place.size) == (workload, size)
        ]
    return "\n".join(lines).strip("\n")


def _told(scaling: Scaling) -> list[str]:
    law = scaling.law
    measured = ", ".join(f"{n}: {rate:.3g}" for n, rate in scaling.tasks_per_second.items())
    lines = [f"tasks/s by workers, measured: {measured}"]
    if law.kind == "none":
        return [*lines, law.reason or "no law fits"]
    assert law.best is not None
    assert law.serial_share is not None
    lines.append(
        f"best: {_whole(law.best)} workers, the fewest that reach 95 % of the most; "
        f"serial share {law.serial_share.value:.0%} [{law.serial_share.low:.0%}, {law.serial_share.high:.0%}]"
    )
    if law.slower_beyond is not None:
        lines.append(f"slower beyond {_whole(law.slower_beyond)} workers")
    return lines + _further(law)


def _further(law: Law) -> list[str]:
    lines = []
    if law.fitted is not None and law.extrapolated is not None:
        beyond = law.fitted[law.extrapolated]
        lines.append(
            f"extrapolated, not measured: {law.extrapolated} workers, {beyond.value:.3g} tasks/s "
            f"[{beyond.low:.3g}, {beyond.high:.3g}]"
        )
    if law.error_left_out is not None:
        lines.append(f"the law of all other numbers is {law.error_left_out:.0%} wrong about {law.counts[-1]} workers")
    return lines


def _whole(interval: Interval) -> str:
    return f"{interval.value:.0f} [{interval.low:.0f}, {interval.high:.0f}]"
