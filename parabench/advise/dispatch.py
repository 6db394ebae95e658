"""What handing over one task costs on this machine, by model and chunk: measured once, kept by fingerprint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from parabench.advise.nothing import nothing, nothing_async
from parabench.errors import ParabenchError
from parabench.machine.cores import cores_usable
from parabench.machine.fingerprint import machine_id, take_fingerprint
from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.models.contract import Model
from parabench.records import Cell
from parabench.workload import Workload

#: Tasks of a batch, and batches of which the quickest counts: what is left of it is the model's.
TASKS, BATCHES = 400, 3
#: A new way to measure it makes what was kept useless.
VERSION = 1

#: Seconds a task, by "model" or "model auto".
Costs = Mapping[str, float]


def dispatch_costs(models: Iterable[Model], folder: Path | None = None) -> dict[str, float]:
    """Seconds a task, by `key_of`; what is not kept is measured now, in about a tenth of a second a model.

    A model that cannot be measured has no entry. `folder`: where they are kept, the user's cache by default.
    """
    kept = (folder or cache_folder()) / f"dispatch-{machine_id(take_fingerprint())}.json"
    costs = _read(kept)
    missing = [(model, chunk) for model in models for chunk in model.chunks if key_of(model.name, chunk) not in costs]
    if missing:
        costs |= _measured(missing)
        _write(kept, costs)
    return costs


def key_of(model: str, chunk: str) -> str:
    """The name of a cost."""
    return model if chunk == "1" else f"{model} {chunk}"


def cache_folder() -> Path:
    """The user's folder for what can be made anew (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "parabench"


def _measured(missing: Iterable[tuple[Model, str]]) -> dict[str, float]:
    items = list(range(TASKS))
    workload = Workload(name="nothing", task=nothing, task_async=nothing_async, items=lambda size: items)
    options = ExperimentOptions(
        size="small", seed=0, latency_seconds=0.0, github_url="", cell_timeout_seconds=30.0, rounds=1
    )
    costs: dict[str, float] = {}
    with Experiment(options, {workload.name: workload}, []) as experiment:
        for model, chunk in missing:
            workers = 1 if model.capabilities.worker == "caller" else cores_usable()
            cell = Cell(
                workload=workload.name, model=model.name, kind=workload.kind, workers=workers, size="small", chunk=chunk
            )
            try:
                with experiment.opened(cell, items) as (process, _):
                    seconds = min(process.round().seconds for _ in range(BATCHES))
            except ParabenchError:
                continue  # racing it says why; nothing is predicted of it
            costs[key_of(model.name, chunk)] = seconds / TASKS
    return costs


def _read(path: Path) -> dict[str, float]:
    try:
        kept = json.loads(path.read_text())
        if kept["version"] == VERSION:
            return {str(name): float(seconds) for name, seconds in kept["seconds"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # nothing is kept, or nothing that can be used: it is measured anew
    return {}


def _write(path: Path, costs: Costs) -> None:
    """Keep them; where the folder cannot be written they are measured again next time."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"version": VERSION, "seconds": costs}, indent=1))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
