"""Which cells there are, and which of them cannot run here."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from parabench.errors import UnknownName
from parabench.models import BASELINE, baseline_is_added, find_models
from parabench.models.contract import Model
from parabench.records import Cell, Unavailable
from parabench.session.options import Options
from parabench.workers.services import OWN_SERVICES, Services
from parabench.workload import Workload

T = TypeVar("T")

#: Work that waits gets more workers than cores: so many for each core, within these bounds.
WAITING_WORKERS_PER_CORE, WAITING_WORKERS_LEAST, WAITING_WORKERS_MOST = 2, 4, 32


def default_workers(workload: Workload, cores: int) -> int:
    """As many workers as cores for work that computes, several times as many for work that waits."""
    if not workload.waits:
        return cores
    return min(WAITING_WORKERS_MOST, max(WAITING_WORKERS_LEAST, WAITING_WORKERS_PER_CORE * cores))


def choose(what: str, patterns: Sequence[str], known: Mapping[str, T]) -> dict[str, T]:
    """The entries whose name matches one of the patterns (shell style), in the order of `known`; all without patterns.

    Raises UnknownName for a pattern that nothing matches.
    """
    if not patterns:
        return dict(known)
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise UnknownName(what, pattern, known)
    return {name: value for name, value in known.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}


def why_not(
    workload: Workload, model: Model, *, live: bool, named: bool = True, services: Services = OWN_SERVICES
) -> Unavailable | None:
    """The reason why this pair cannot be measured here; None when it can. `named`: certain models were asked for."""
    if model.on_request and not named and model.availability() is None:
        return Unavailable("starts servers of its own, so it runs only on request", f"add --models {model.name}")
    if workload.kind == "live" and not live:
        return Unavailable("asks the real GitHub API, so it runs only on request", "add --live")
    library = model.capabilities.async_library
    if workload.task_async is not None and library is not None and workload.async_library not in ("any", library):
        return Unavailable(
            f"its coroutines are written for {workload.async_library}, which does not run under {library}"
        )
    if workload.drives_event_loop and model.capabilities.worker == "greenlet":
        return Unavailable("its client drives an event loop, and greenlets of one thread cannot each run one")
    if workload.drives_event_loop and workload.task_async is None and model.capabilities.accepts_coroutines:
        return Unavailable("its client drives an event loop of its own, which cannot run inside another")
    return model.availability() or model.unserved(services)


def make_cells(
    workloads: Iterable[Workload],
    models: Iterable[Model],
    *,
    size: str,
    workers: Sequence[int],
    live: bool,
    cores: int,
    named: bool = True,
    services: Services = OWN_SERVICES,
) -> list[Cell]:
    """Every workload under every model with every number of workers; `workers` empty: the default of each workload."""
    availability = {model.name: model.availability() for model in models} if (models := list(models)) else {}
    cells: list[Cell] = []
    for workload in workloads:
        for model in models:
            alone = model.capabilities.worker == "caller"
            counts = [1] if alone else list(workers) or [default_workers(workload, cores)]
            cells.extend(
                Cell(
                    workload=workload.name,
                    model=model.name,
                    kind=workload.kind,
                    workers=count,
                    size=size,
                    unavailable=availability[model.name]
                    or why_not(workload, model, live=live, named=named, services=services),
                    workers_named=bool(workers) and not alone,
                )
                for count in counts
            )
    return cells


def models_of(options: Options) -> dict[str, Model]:
    """The models that were asked for, by name, and the baseline where they leave it out."""
    known = find_models()
    chosen = choose("model", options.models, known)
    return {BASELINE: known[BASELINE], **chosen} if baseline_is_added(options.models) else chosen


def cells_planned(options: Options, workloads: Iterable[Workload], models: Iterable[Model], cores: int) -> list[Cell]:
    """The cells of a session with these options."""
    return make_cells(
        workloads,
        models,
        size=options.size,
        workers=options.workers,
        live=options.live,
        cores=cores,
        named=bool(options.models),
        services=options.services,
    )
