"""Findings in words: what a call does, why the answer is what it is, and what has to be known before it is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parabench.advise.advice import Cause, Checked, Warned
from parabench.advise.prediction import ERROR_STATED, Machine, Prediction
from parabench.advise.probe import SEVERAL_CORES, Probe
from parabench.advise.work import Work

#: What makes a cell's failure one of results and not of running.
DIFFER = "differ from sequential"


def does(probe: Probe) -> str:
    """What a call does, as in "computes and lets go of the GIL"."""
    if not probe.computes:
        return "waits"
    if not probe.threads:
        return "computes"
    return "computes and lets go of the GIL" if probe.gil_released > 0.5 else "computes and holds the GIL"


def causes(probe: Probe, machine: Machine, chosen: Prediction | None) -> tuple[Cause, ...]:
    """Why it is this one."""
    share = probe.seconds_cpu / probe.seconds if probe.seconds else 0.0
    told: list[Cause] = []
    if not probe.computes:
        told.append(Cause("waiting", f"{1 - share:.0%} of a call is waiting, which costs no core"))
    elif probe.gil_released > 0.5:
        told.append(
            Cause("releases-gil", f"{share:.0%} of a call is CPU, with the GIL let go: threads share the cores")
        )
    elif probe.threads:
        told.append(Cause("gil", f"{share:.0%} of a call is CPU that holds the GIL: threads take turns"))
    else:
        told.append(Cause("cpu", f"{share:.0%} of a call is CPU"))
    if chosen is not None:
        if chosen.family == "baseline":
            told.append(Cause("dispatch", "handing a call over costs more than it could bring"))
        else:
            told.append(Cause("bound", f"bound by {chosen.bound}"))
    return tuple(told)


NOT_ASKED = Warned(
    "once-per-item",
    "nobody said that it may run again on an item that it has had, so each item was run once at most, and results were "
    "not compared: with --idempotent the advice is surer",
)


def warnings(work: Work, probe: Probe) -> list[Warned]:
    """What the probe has seen that matters for whoever takes the advice."""
    traces = probe.traces
    told: list[Warned] = []
    if work.copies:
        told.append(
            Warned(
                "mutates-item", "it changes its item: each call was given a copy; work on a copy yourself, or pass one"
            )
        )
    if not probe.deterministic:
        told.append(
            Warned(
                "not-repeatable",
                "equal items give different results in fresh processes (a clock, chance, somebody else's state), so "
                "results were not compared",
            )
        )
    if probe.stateful:
        names = ", ".join(traces.get("globals_changed", ())) or "none seen in its module"
        told.append(
            Warned("state", f"results depend on what was called before (globals that change: {names}): order matters")
        )
    elif traces.get("globals_changed") and not probe.remembers:
        told.append(Warned("globals", f"calls change globals of its module: {', '.join(traces['globals_changed'])}"))
    if probe.remembers:
        told.append(
            Warned(
                "remembers",
                "a second call with the same item is nearly free, because it keeps a cache: every batch was timed cold "
                "in fresh processes; processes do not share what they keep",
            )
        )
    if traces.get("files_new"):
        told.append(Warned("files", f"calls leave files in the working directory: {', '.join(traces['files_new'])}"))
    if probe.bytes_printed:
        told.append(Warned("prints", f"calls print or log ({probe.bytes_printed} bytes in the probe): it is not shown"))
    told += _of_its_own(probe)
    if probe.raised:
        told.append(Warned("raises", f"{probe.raised} calls of the probe raised: what was raised counts as the result"))
    if why := probe.value_pickles:
        told.append(Warned("value-not-pickled", f"results do not pickle ({why}): processes are out"))
    weight = traces.get("values", {}).get("bytes") or 0
    if weight > 1e6:
        told.append(Warned("large-results", f"a result is {weight / 1e6:.0f} MB: between processes each is copied"))
    if traces.get("hosts"):
        told.append(
            Warned(
                "foreign-host",
                f"calls reach {', '.join(traces['hosts'])}: at most {probe.in_flight_most} were in flight "
                "(--most-in-flight)",
            )
        )
    return told


def _of_its_own(probe: Probe) -> list[Warned]:
    traces = probe.traces
    if traces.get("processes"):
        return [
            Warned("own-processes", "it starts processes itself, and each worker adds its own: give it one worker only")
        ]
    if probe.cores_used > SEVERAL_CORES or traces.get("threads"):
        limit = "OMP_NUM_THREADS=1 or OPENBLAS_NUM_THREADS=1" if traces.get("blas") else "its own number of threads"
        return [
            Warned(
                "oversubscribed",
                f"it keeps {max(1.0, probe.cores_used):.1f} cores busy with threads of its own: workers would compete; "
                f"limit them with {limit}",
            )
        ]
    return []


def differing(failures: Mapping[str, str]) -> list[Warned]:
    """Wrong, lost or different results, and other failures of contestants."""
    told = []
    for label, failure in failures.items():
        first = failure.splitlines()[0]
        wrong = DIFFER in failure or "lost or doubled" in failure
        told.append(Warned("results-differ" if wrong else "contestant-failed", f"{label}: {first}"))
    return sorted(told, key=lambda one: one.kind != "results-differ")


def predictions_wrong(checked: Iterable[Checked], *, widened: bool) -> list[Warned]:
    """The predictions that were off by more than their stated error."""
    off = [one for one in checked if one.factor > ERROR_STATED]
    if not off:
        return []
    named = ", ".join(
        f"{one.model} x{one.workers} {one.predicted * 1000:.3g} ms predicted, {one.raced * 1000:.3g} raced"
        for one in sorted(off, key=lambda one: -one.factor)[:2]
    )
    more = "; what had been ruled out was raced as well" if widened else ""
    return [Warned("prediction-wrong", f"predictions were off by more than {ERROR_STATED}x: {named}{more}")]
