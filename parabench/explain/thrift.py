"""What a batch draws, and what that emits: measured joules where the machine counts them, else an estimate.

The estimate has the shape that Cloud Carbon Footprint uses (methodology, "Compute"): every usable core draws its idle
watts for as long as the batch takes, and a busy core the difference to its busy watts besides:

    joules = idle x cores x seconds + (busy - idle) x CPU seconds

The defaults are that project's averages for AWS, 0.74 and 3.5 W per virtual core (its Appendix I). Counters of
processor packages count the whole machine, whoever used it; neither counts memory, disks or network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.explain.evidence import Evidence

#: Watts per core, idle and busy.
WATTS = (0.74, 3.5)
WATTS_SOURCE = "Cloud Carbon Footprint's averages for AWS"
JOULES_PER_KWH = 3.6e6
TASKS = 1000
#: Grams of CO2 equivalents per kWh of electricity generated in 2023.
GRID_YEAR = 2023
GRID_SOURCE = "Ember, with processing by Our World in Data, CC BY 4.0"
GRAMS_PER_KWH: Mapping[str, float] = {
    "argentina": 354,
    "australia": 549,
    "austria": 111,
    "belgium": 138,
    "brazil": 98,
    "bulgaria": 335,
    "canada": 170,
    "chile": 291,
    "china": 582,
    "colombia": 260,
    "croatia": 205,
    "cyprus": 534,
    "czechia": 450,
    "denmark": 152,
    "egypt": 570,
    "estonia": 417,
    "finland": 79,
    "france": 56,
    "germany": 381,
    "greece": 337,
    "hungary": 204,
    "india": 713,
    "ireland": 291,
    "norway": 30,
    "world": 481,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """What a thousand tasks of a cell draw."""

    joules: float
    #: Whether the machine's own counters say so; else it is an estimate from watts that somebody has named.
    measured: bool
    #: Of CO2 equivalents; None where no grid was named.
    grams: float | None


def thrift_of(evidence: Evidence, watts: tuple[float, float], grams_per_kwh: float | None) -> Thrift | None:
    """What a thousand tasks draw; None where neither joules nor CPU seconds are known."""
    joules = evidence.figures.get("joules_per_round")
    measured = joules is not None
    if joules is None:
        cpu = evidence.figures.get("seconds_cpu")
        if cpu is None:
            return None
        joules = joules_estimated(evidence.seconds, cpu, evidence.cores or 1, watts)
    joules *= TASKS / evidence.tasks
    grams = None if grams_per_kwh is None else joules / JOULES_PER_KWH * grams_per_kwh
    return Thrift(joules=joules, measured=measured, grams=grams)


def joules_estimated(seconds: float, seconds_cpu: float, cores: int, watts: tuple[float, float] = WATTS) -> float:
    """Joules of a batch that takes so long on so many usable cores; `watts` of an idle and of a busy one."""
    idle, busy = watts
    return idle * cores * seconds + (busy - idle) * seconds_cpu


def thriftiest(cells: Sequence[tuple[Evidence, Thrift]]) -> tuple[Evidence, Evidence]:
    """The fastest and the thriftiest of cells of the same work; one cell can be both."""
    fastest = min(cells, key=lambda cell: cell[0].seconds)[0]
    return fastest, min(cells, key=lambda cell: cell[1].joules)[0]
