"""Findings in words: what a call does, why the answer is what it is, and what has to be known before it is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parabench.advise.advice import Cause, Checked, Warned
from parabench.advise.prediction import ERROR_STATED, Machine, Prediction
from parabench.advise.probe import SEVERAL_CORES, Probe
from parabench.advise.race_session import BUSY
from parabench.advise.watching import where
from parabench.advise.work import Work
from parabench.explain.facts import COMPUTING, CORES, DISPATCH, GIL, IMBALANCE, SERIALISATION, SERVER, WAITING
from parabench.records import Concern

#: What makes a cell's failure one of results and not of running.
DIFFER = "differ from sequential"


def does(probe: Probe) -> str:
    """What a call does, as in "computes and lets go of the GIL"."""
    if not probe.computes:
        return "waits"
    if not probe.gil_known:
        return "computes"
    return "computes and lets go of the GIL" if probe.gil_released > 0.5 else "computes and holds the GIL"


def causes(probe: Probe, machine: Machine, chosen: Prediction | None) -> tuple[Cause, ...]:
    """Why it is this one."""
    share = min(1.0, probe.seconds_cpu / probe.seconds) if probe.seconds else 0.0
    reasons: list[Cause] = []
    if not probe.computes:
        place = where(probe.wait_sites)
        waiting = f"waiting {place}" if place else "waiting"
        reasons.append(Cause(WAITING, f"{100 * (1 - share):.0f} % of a call is {waiting}, which costs no core"))
    elif probe.gil_released > 0.5:
        reasons.append(
            Cause(COMPUTING, f"{100 * share:.0f} % of a call is CPU with the GIL let go: threads share the cores")
        )
    elif probe.gil_known:
        reasons.append(Cause(GIL, f"{100 * share:.0f} % of a call is CPU that holds the GIL: threads take turns"))
    else:
        reasons.append(Cause(COMPUTING, f"{100 * share:.0f} % of a call is CPU"))
    if chosen is not None and chosen.family == "baseline" and probe.cores_used > SEVERAL_CORES:
        reasons.append(
            Cause(CORES, f"it keeps {probe.cores_used:.1f} cores busy by itself: workers would compete for them")
        )
    elif chosen is not None and chosen.family == "baseline":
        reasons.append(Cause(DISPATCH, "handing a call over costs more than it could bring"))
    elif chosen is not None:
        reasons.append(Cause(_name_of(chosen.bound), f"bound by {chosen.bound}"))
    return tuple(reasons)


NOT_ASKED = Warned(
    "once-per-item",
    "nobody said that it may run again on an item that it has had, so each item was run once at most, and results were "
    "not compared: with --idempotent the advice is surer",
)


def _name_of(bound: str) -> str:
    """The cause that a bound is one of."""
    if "cores" in bound:
        return CORES
    names = {
        "the GIL": GIL,
        "handing over": DISPATCH,
        "sending items and results": SERIALISATION,
        "the longest task": IMBALANCE,
    }
    return names.get(bound, SERVER if "other side" in bound else WAITING)


def warnings(work: Work, probe: Probe) -> list[Warned]:
    """What the probe has seen that matters for whoever takes the advice."""
    texts = {
        "mutates-item": "it changes its item: each call was given a copy; work on a copy yourself, or pass one"
        if work.copies
        else "",
        "not-repeatable": "equal items give different results in fresh processes (a clock, chance, somebody else's "
        "state), so results were not compared"
        if not probe.deterministic
        else "",
        **_remembering(probe),
        **_leaving(probe),
        "raises": f"{probe.raised} of {probe.looked_at} calls raised: what was raised counts as the result, and has to "
        "be the same under every model"
        if probe.raised
        else "",
        **_results(probe),
        "blocks-loop": "its coroutine blocks the event loop while it waits: no other one goes on meanwhile"
        if probe.loop_blocked
        else "",
    }
    return [*(Warned(kind, text) for kind, text in texts.items() if text), *_of_its_own(probe)]


def _remembering(probe: Probe) -> dict[str, str]:
    """State that calls share."""
    changed = ", ".join(probe.traces.get("globals_changed", ()))
    if probe.remembers:
        text = (
            f"it keeps a cache: a call takes {1000 * probe.seconds:.3g} ms, and {1000 * probe.seconds_again:.2g} ms "
            "with an item that it has had; every batch was timed cold in fresh processes, which share nothing they keep"
        )
        return {"remembers": text}
    if probe.stateful:
        text = f"results depend on what was called before (globals that change: {changed or 'none seen'})"
        return {"state": f"{text}: order matters"}
    return {"globals": f"calls change globals of its module: {changed}" if changed else ""}


def _leaving(probe: Probe) -> dict[str, str]:
    """Traces outside the process."""
    files, hosts = (", ".join(probe.traces.get(part, ())) for part in ("files_new", "hosts"))
    most = probe.in_flight_most
    return {
        "files": f"calls leave files in the working directory: {files}" if files else "",
        "prints": f"calls print or log ({probe.bytes_printed} bytes in the probe): it is not shown"
        if probe.bytes_printed
        else "",
        "foreign-host": f"calls reach {hosts}: at most {most} were in flight (--most-in-flight)" if hosts else "",
    }


def _results(probe: Probe) -> dict[str, str]:
    """What is hard about results."""
    why, weight = probe.value_pickles, probe.bytes_per_value
    return {
        "value-not-pickled": f"results do not pickle ({why}): processes are out" if why else "",
        "large-results": f"a result is {weight / 1e6:.0f} MB: between processes each is copied" if weight > 1e6 else "",
    }


def _of_its_own(probe: Probe) -> list[Warned]:
    traces = probe.traces
    if traces.get("processes"):
        return [
            Warned("own-processes", "it starts processes itself, and each worker adds its own: give it one worker only")
        ]
    if probe.cores_used > SEVERAL_CORES or (traces.get("threads") and not probe.own_workers_idle):
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
    warnings = []
    for label, failure in failures.items():
        first = failure.splitlines()[0]
        wrong = label in differing_labels(failures)
        warnings.append(Warned("results-differ" if wrong else "contestant-failed", f"{label}: {first}"))
    return sorted(warnings, key=lambda warning: warning.kind != "results-differ")


def differing_labels(failures: Mapping[str, str]) -> set[str]:
    """Those of contestants whose results were wrong, lost or different."""
    return {label for label, failure in failures.items() if DIFFER in failure or "lost or doubled" in failure}


def of_machine(concerns: Iterable[Concern], others: float | None) -> list[Warned]:
    """What spoils the numbers: what was found before the race, and what other programs took during it."""
    warnings = [Warned("machine", f"{concern.check}: {concern.message}") for concern in concerns]
    if others is not None and others > BUSY:
        taken = f"other programs took {100 * others:.0f} % of the cores during the race"
        warnings.append(Warned("busy-machine", f"{taken}: gains look smaller than they are, and less is settled"))
    return warnings


def predictions_wrong(checked: Iterable[Checked], others: float | None, *, widened: bool) -> list[Warned]:
    """The predictions that were off by more than their stated error."""
    off = [prediction for prediction in checked if prediction.factor > ERROR_STATED]
    if not off or (others is not None and others > BUSY):  # times say little about predictions then
        return []
    named = ", ".join(
        f"{prediction.model} x{prediction.workers} {prediction.predicted * 1000:.3g} ms predicted, "
        f"{prediction.raced * 1000:.3g} raced"
        for prediction in sorted(off, key=lambda prediction: -prediction.factor)[:2]
    )
    more = "; what had been ruled out was raced as well" if widened else ""
    return [Warned("prediction-wrong", f"predictions were off by more than {ERROR_STATED}x: {named}{more}")]
