"""Whether this machine is fit to measure on, for the options of a session."""

from __future__ import annotations

from collections.abc import Callable

from parabench.errors import NotFitToMeasure
from parabench.measure.launcher import environment_of_cells
from parabench.measure.preflight import checks_here, examine
from parabench.records import Concern
from parabench.session.options import Options


def concerns_of(options: Options, cores: int, on_concern: Callable[[Concern], None]) -> list[Concern]:
    """What the checks before measuring say; `on_concern` is told of each.

    Raises NotFitToMeasure instead if that is what the user wants.
    """
    concerns = examine(checks_here(cores, environment_of_cells([options.workloads_dir.parent])))
    if concerns and options.strict_preflight:
        raise NotFitToMeasure((concern.check, concern.message) for concern in concerns)
    for concern in concerns:
        on_concern(concern)
    return concerns
