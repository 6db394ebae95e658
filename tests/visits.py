"""Visits as a session records them, with the figures that matter to a test; whatever else a round uses is nothing."""

from parabench.records import TreeUsage, Visit

NO_COSTS = {
    "seconds_cpu": 0.0,
    "seconds_cpu_user": 0.0,
    "seconds_cpu_system": 0.0,
    "context_switches_voluntary": 0.0,
    "context_switches_involuntary": 0.0,
    "processes": 1,
    "threads": 1,
}
USED_NOTHING = TreeUsage(**NO_COSTS)


def visit(number, *seconds):
    """A visit of the pass with this number, whose rounds took so long."""
    return Visit(
        pass_number=number,
        position=0,
        seconds_open=0.01,
        seconds_first_batch=seconds[0],
        seconds_per_round=seconds,
        gil_enabled_at_start=True,
        gil_enabled_at_end=True,
        **NO_COSTS,
    )
