"""The experiment that a session's options ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from parabench.analyse.race import PASSES_LEAST
from parabench.machine.fingerprint import jit_enabled
from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.records import Cell
from parabench.session.options import Options
from parabench.workload import Workload


def experiment_of(
    options: Options,
    workloads: Mapping[str, Workload],
    cells: Iterable[Cell],
    *,
    python_path: Sequence[Path] = (),
    fresh: bool = False,
    output: Path | None = None,
) -> Experiment:
    """An experiment for these cells, not yet begun; `workloads` are those the session knows, by name.

    Workers also find modules in the folders of `python_path`. `fresh` and `output` are those of ExperimentOptions.
    """
    cells = list(cells)
    experiment = Experiment(
        ExperimentOptions(
            size=options.size,
            seed=options.seed,
            latency_seconds=options.latency_seconds,
            github_url=options.github_url,
            cell_timeout_seconds=options.cell_timeout_seconds,
            rounds=options.rounds,
            scratch=options.scratch,
            services=options.services,
            warm_up=jit_enabled(),
            fresh=fresh,
            output=output,
        ),
        {name: workloads[name] for name in {cell.workload for cell in cells}},
        list(dict.fromkeys([options.workloads_dir.parent, *python_path])),
    )
    batches_a_visit = 1 + (options.rounds or 1)
    experiment.rounds_planned = _rounds_planned(workloads, cells, batches_a_visit * (options.passes or PASSES_LEAST))
    return experiment


def _rounds_planned(workloads: Mapping[str, Workload], cells: Iterable[Cell], batches_a_cell: int) -> dict[str, int]:
    """How many batches the session is going to ask of each workload's service, by workload, where somebody counts.

    Somebody else's server is asked in the first passes of a race only, and one round a visit.
    """
    by_service: dict[Any, int] = {}
    for cell in cells:
        if cell.unavailable is None:
            service = workloads[cell.workload].service
            by_service[service] = by_service.get(service, 0) + batches_a_cell
    return {name: by_service.get(workload.service, 0) for name, workload in workloads.items()}
