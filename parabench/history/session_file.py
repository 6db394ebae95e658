"""What we add to pytest-benchmark's JSON: `extra_info` of each benchmark and one top-level `parabench` object."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from parabench.analyse.steadiness import label_of
from parabench.history.instrumented_fields import memory_fields, thread_fields
from parabench.machine.fingerprint import machine_id, versions_of
from parabench.models.contract import Model
from parabench.records import Cell, CellRecord, Visit
from parabench.records.figures import per_cell
from parabench.workload import Limit, LimitCase, Workload, source_hash

#: Version of everything described here; see docs/results_format.md.
FORMAT = 2


def limits_of(
    records: Iterable[CellRecord],
    workloads: Mapping[str, Workload],
    settings: Mapping[str, Mapping[str, Any]],
    cores_usable: int,
    root: Path,
) -> dict[str, Limit]:
    """The ideal time of each valid cell by cell id, from the law of its workload and the session's sequential time.

    Unknown, with the reason, where the law or the items of the workload raise: they are the project's own code.
    """
    records = [record for record in records if record.valid]
    sequential = {r.cell.workload: r.seconds for r in records if r.cell.model == "sequential"}
    lengths = {r.cell.workload: _lengths(r) for r in records if r.cell.model == "sequential"}
    limits = {}
    for record in records:
        cell = record.cell
        workload = workloads[cell.workload]
        if workload.service is not None and cell.workload not in settings:
            limits[cell.id] = Limit(None, "its service did not run in this part of a resumed session")
            continue
        try:
            items = list(workload.items(cell.size))  # type: ignore[arg-type]  # one of SIZES, checked with the options
        except Exception as error:
            limits[cell.id] = _unknown("its items raised", error, root)
            continue
        case = LimitCase(
            items=items,
            settings=settings.get(cell.workload, {}),
            workers=cell.workers,
            cores_usable=cores_usable,
            seconds_sequential=sequential.get(cell.workload),
            seconds_of_tasks=lengths.get(cell.workload),
        )
        limits[cell.id] = _by_law(workload, case, root)
    return limits


def _by_law(workload: Workload, case: LimitCase, root: Path) -> Limit:
    """What the law of a workload says, if that can be stored."""
    try:
        limit: Any = workload.limit(case)
    except Exception as error:
        return _unknown("its law raised", error, root)
    if not isinstance(limit, Limit):
        return Limit(None, f"its law gave {limit!r}, which is no Limit")
    if limit.seconds is None:
        return Limit(None, str(limit.reason))
    try:
        seconds = float(limit.seconds)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        return Limit(None, f"its law gave {limit.seconds!r}, which is no time")
    return Limit(seconds, str(limit.reason))


def _unknown(what: str, error: Exception, root: Path) -> Limit:
    return Limit(None, without_private_paths(f"{what} {type(error).__name__}: {error}", root))


def _lengths(record: CellRecord) -> list[float] | None:
    """Seconds of each task in a traced round; None where none was run."""
    if record.instrumented is None or not record.instrumented.traces:
        return None
    return [trace.seconds_ended - trace.seconds_started for trace in record.instrumented.traces]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a cell's numbers come from, beside the cell: code, libraries, kind of worker."""

    client: str | None
    source_hash: str | None
    family: str
    start_method: str | None
    event_loop: str | None
    #: Name and version; `service: external` where the model's server was somebody else's, which is another thing to
    #: measure than one of its own.
    libraries: dict[str, str | None]


def provenance_of(workload: Workload, model: Model, *, external: bool) -> Provenance:
    """What is measured here and now."""
    libraries: dict[str, str | None] = {**versions_of((*model.libraries, *workload.libraries))}
    return Provenance(
        client=workload.client,
        source_hash=source_hash(workload.module),
        family=model.family,
        start_method=model.capabilities.start_method,
        event_loop=model.capabilities.event_loop,
        libraries=libraries | ({"service": "external"} if external else {}),
    )


def extra_info(
    record: CellRecord,
    provenance: Provenance,
    limit: Limit,
    *,
    timeline: Mapping[str, Any],
    watts_per_core: float | None,
) -> dict[str, Any]:
    """The `extra_info` of one benchmark: units are in the names, resources are per round, None is unknown.

    `timeline` is what the instrumented round says of its tasks, ready to be stored.
    """
    cell, seconds, costs = record.cell, record.seconds, per_cell(record.visits)
    return {
        "workload": cell.workload,
        "model": cell.model,
        "added_as_baseline": record.added_as_baseline,
        "family": provenance.family,
        "start_method": provenance.start_method,
        "event_loop": provenance.event_loop,
        "kind": cell.kind,
        "workers": cell.workers,
        "workers_named": cell.workers_named,
        "chunk": cell.chunk,
        "size": cell.size,
        "tasks": record.tasks,
        "client": provenance.client,
        "seconds_per_round": seconds,
        **costs,
        "joules_estimated": None if watts_per_core is None else costs["seconds_cpu"] * watts_per_core,
        **memory_fields(record.instrumented),
        **thread_fields(record.instrumented),
        **timeline,
        **_ideal(limit, seconds),
        "libraries": provenance.libraries,
        "source_hash": provenance.source_hash,
        **_passes(record.visits),
    }


def _passes(visits: Sequence[Visit]) -> dict[str, Any]:
    findings = [finding for visit in visits for finding in visit.findings]
    return {
        "passes": [_pass(visit) for visit in visits],
        "warm_up": _warm_up(visits),
        **({"findings": findings} if findings else {}),
    }


def _ideal(limit: Limit, seconds: float | None) -> dict[str, Any]:
    return {
        "ideal_seconds_per_round": limit.seconds,
        "ideal_reason": limit.reason,
        "share_of_ideal": limit.seconds / seconds if limit.seconds is not None and seconds else None,
    }


def _pass(visit: Visit) -> dict[str, Any]:
    return {
        "pass": visit.pass_number,
        "position": visit.position,
        "rounds": len(visit.seconds_per_round),
        "seconds_open": visit.seconds_open,
        "seconds_first_batch": visit.seconds_first_batch,
        "seconds_warm_up": list(visit.seconds_warm_up),
        "share_others": visit.share_others,
        "others_reason": visit.others_reason,
        "disturbed": [
            {**asdict(disturbance), "seconds_set_aside": list(disturbance.seconds_set_aside)}
            for disturbance in visit.disturbed
        ],
    }


def _warm_up(visits: Sequence[Visit]) -> dict[str, int] | None:
    """How many visits were flat, a warm-up, a slow-down or never steady before timing; None: nothing ran for it."""
    labels = Counter(label_of(visit.seconds_warm_up) for visit in visits if visit.seconds_warm_up)
    return dict(labels) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a session came about."""

    interrupted: bool
    #: Whether another session measured at the same time.
    noisy: bool
    tags: tuple[str, ...]
    #: What it was told by the run that it is part of.
    run: dict[str, Any] | None
    #: What the checks before measuring found: check and message of each.
    warnings: list[dict[str, str]]
    #: What to use for each workload; None where nobody worked that out, as for a session that was recovered.
    answers: list[dict[str, Any]] | None = None
    #: Where the time went: `total`, and its parts.
    seconds: dict[str, float] | None = None


def parabench_object(
    records: Iterable[CellRecord],
    fingerprint: Mapping[str, Any],
    options: Mapping[str, Any],
    circumstances: Circumstances,
    root: Path,
) -> dict[str, Any]:
    """The top-level `parabench` object of a session: what was asked for, on what, and what gave no number."""
    records = list(records)
    return {
        "format": FORMAT,
        "machine_id": machine_id(dict(fingerprint)),
        "fingerprint": dict(fingerprint),
        "options": dict(options),
        **asdict(circumstances),
        "warnings": [
            {**warning, "message": without_private_paths(warning["message"], root)}
            for warning in circumstances.warnings
        ],
        "failed": [
            {**_named(r.cell), "reason": without_private_paths(r.failure, root)}
            for r in records
            if r.failure is not None
        ],
        "not_run": [
            {**_named(r.cell), "reason": r.cell.unavailable.reason, "install": r.cell.unavailable.install}
            for r in records
            if r.cell.unavailable is not None
        ],
    }


def _named(cell: Cell) -> dict[str, Any]:
    """A cell as it is named in a file: its fields, and its text for those who read."""
    return {"cell": cell.id, **cell.identity._asdict()}


def without_private_paths(text: str, root: Path) -> str:
    """A traceback without the folders that tell who and where the user is; what is below the root stays readable."""
    ours = Path(__file__).parents[1]  # a checkout of this package may be anywhere
    prefixes = {
        f"{ours}/": f"{ours.name}/",
        f"{root}/": "",
        sys.prefix: "<python>",
        sys.base_prefix: "<python>",
        str(Path.home()): "~",
    }
    for prefix, instead in sorted(prefixes.items(), key=lambda entry: -len(entry[0])):
        if len(prefix) > 1:
            text = text.replace(prefix, instead)
    return text
