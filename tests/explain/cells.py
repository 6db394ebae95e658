"""Cells as stored sessions tell of them, made of spans that a test knows."""

from parabench.analyse.timeline import TaskSpan, Timeline
from parabench.explain.evidence import Evidence
from parabench.records import CellId


def span(started, ended, cpu, *, core=0.0, alone=0.0, worker=0):
    """One task; seconds."""
    return TaskSpan(
        seconds_started=started,
        seconds_ended=ended,
        seconds_cpu=cpu,
        seconds_runqueue=None if cpu is None else core,
        seconds_waited_alone=alone,
        worker=worker,
        host=0,
    )


def cell(
    model, spans, *, seconds, family="threads", workers=2, kind="cpu", alone=None, gil=True, tables=None, **figures
):
    """The evidence of a cell of two cores."""
    return Evidence(
        cell=CellId("work", model, workers, "small"),
        family=family,
        kind=kind,
        start_method="fork" if family == "processes" else None,
        seconds=seconds,
        tasks=len(spans) or 8,
        gil=gil,
        cores=2,
        bytes_memory=8e9,
        figures=figures,
        timelines=(Timeline(tuple(spans)),) if spans else (),
        seconds_of_rounds=(figures.get("seconds_traced"),) if spans else (),
        tables=tables or {},
        alone=alone,
    )


def computing_alone(tasks=8, seconds=0.1, waited=0.0):
    """`sequential` on tasks that compute so long and wait so long."""
    each = seconds + waited
    spans = [span(place * each, (place + 1) * each, seconds, alone=waited) for place in range(tasks)]
    return cell("sequential", spans, seconds=tasks * each, family="baseline", workers=1, seconds_cpu=tasks * seconds)
