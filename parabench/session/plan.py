"""Which cells there are, and which of them cannot run here."""

from __future__ import annotations

import contextlib
import fnmatch
import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, requires
from typing import TypeVar

from parabench.errors import UnknownName, spelled
from parabench.models import BASELINE, baseline_is_added, find_models
from parabench.models.contract import Model, install_command
from parabench.records import Cell, Unavailable
from parabench.session.contestants import default_workers, further_workers, has_automatic_chunk, tasks_of
from parabench.session.options import Options
from parabench.workers.services import OWN_SERVICES, Services
from parabench.workload import Workload

T = TypeVar("T")


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
        return Unavailable(
            "starts servers of its own, so it runs only on request", f"name it with {spelled('--models')}"
        )
    if workload.kind == "live" and not live:
        return Unavailable("asks the real GitHub API, so it runs only on request", f"add {spelled('--live')}")
    if workload.make_item is not None and model.capabilities.json_only:
        return Unavailable("its items are not JSON, and this model sends nothing else to its workers")
    return (
        _no_loop_for(workload, model) or _missing_library(workload) or model.availability() or model.unserved(services)
    )


def _no_loop_for(workload: Workload, model: Model) -> Unavailable | None:
    """Why the event loops that the work needs cannot run under this model."""
    library = model.capabilities.async_library
    if workload.task_async is not None and library is not None and workload.async_library not in ("any", library):
        return Unavailable(
            f"its coroutines are written for {workload.async_library}, which does not run under {library}",
            'say async_library="any" if they await nothing of its own',
        )
    if workload.is_coroutine and model.capabilities.worker == "greenlet":
        return Unavailable(
            "its task is a coroutine function, and greenlets of one thread cannot each drive an event loop",
            "write it as a synchronous function too, and name this one with task_async=",
        )
    if workload.drives_event_loop and model.capabilities.worker == "greenlet":
        return Unavailable("its client drives an event loop, and greenlets of one thread cannot each run one")
    if workload.drives_event_loop and workload.task_async is None and model.capabilities.accepts_coroutines:
        return Unavailable("its client drives an event loop of its own, which cannot run inside another")
    return None


def _missing_library(workload: Workload) -> Unavailable | None:
    """What the work imports and is not installed."""
    for name in workload.imports:
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            return Unavailable(f"its work needs {name}, which is not installed", _what_installs(name))
    return None


def _what_installs(name: str) -> str:
    """The command that brings a library: an extra of ours, if one has it."""
    with contextlib.suppress(PackageNotFoundError):
        for text in requires("parabench") or []:
            extra = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
            if extra is not None and re.match(rf"{re.escape(name)}(?![\w.-])", text):
                return install_command(extra[1])
    return f"pip install {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for, besides workloads and models."""

    size: str
    #: Numbers of workers; empty: the default of each workload.
    workers: Sequence[int] = ()
    chunks: Sequence[str] = ("1",)
    live: bool = False
    #: Whether certain models were asked for.
    named: bool = True
    #: Whether contestants race: then models have further numbers of workers and chunks besides.
    race: bool = False
    services: Services = OWN_SERVICES


def make_cells(workloads: Iterable[Workload], models: Iterable[Model], wish: Wish, cores: int) -> list[Cell]:
    """Every workload under every model with every number of workers, and what else can race."""
    availability = {model.name: model.availability() for model in models} if (models := list(models)) else {}
    workloads = list(workloads)
    tasks = tasks_of(workloads, wish.size) if wish.race else {}
    cells: list[Cell] = []
    for workload in workloads:
        for model in models:
            unavailable = availability[model.name] or why_not(
                workload, model, live=wish.live, named=wish.named, services=wish.services
            )
            first = Cell(
                workload=workload.name,
                model=model.name,
                kind=workload.kind,
                workers=default_workers(workload, cores),
                size=wish.size,
                unavailable=unavailable,
                waits=workload.waits,
            )
            if model.capabilities.worker == "caller":
                cells.append(replace(first, workers=1))
                continue
            counts = list(wish.workers) or [first.workers]
            cells += [
                replace(first, workers=count, workers_named=bool(wish.workers) or chunk != "1", chunk=chunk)
                for count in counts
                for chunk in wish.chunks
                if chunk in model.chunks
            ]
            if wish.race and unavailable is None and not wish.workers:
                cells += _further(first, workload, model, cores, tasks[workload.name])
    return cells


def _further(first: Cell, workload: Workload, model: Model, cores: int, tasks: int) -> list[Cell]:
    """What a race has of a model besides its default cell."""
    further = replace(first, workers_named=True, by_default=False)
    cells = [replace(further, workers=count) for count in further_workers(workload, model, cores, tasks)]
    if has_automatic_chunk(workload, model, first.workers, tasks):
        cells.append(replace(further, chunk="auto"))
    return cells


def workloads_of(options: Options, known: Mapping[str, Workload], mentioned: str = "") -> dict[str, Workload]:
    """The workloads that were asked for, by name; without any, one of each sort, and those that `mentioned` names."""
    chosen = choose("workload", options.workloads, known)
    if options.workloads or options.everything:
        return chosen
    return {name: workload for name, workload in chosen.items() if not workload.on_request or name in mentioned}


def models_of(options: Options) -> dict[str, Model]:
    """The models that were asked for, by name, and the baseline where they leave it out."""
    known = find_models()
    chosen = choose("model", options.models, known)
    if not options.models and not options.everything:
        chosen = {name: model for name, model in chosen.items() if not model.variant}
    return {BASELINE: known[BASELINE], **chosen} if baseline_is_added(options.models) else chosen


def cells_planned(options: Options, workloads: Iterable[Workload], models: Iterable[Model], cores: int) -> list[Cell]:
    """The cells of a session with these options."""
    wish = Wish(
        size=options.size,
        workers=options.workers,
        chunks=options.chunks,
        live=options.live,
        named=bool(options.models),
        race=options.race,
        services=options.services,
    )
    return make_cells(workloads, models, wish, cores)
