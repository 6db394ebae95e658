"""Visits as a session records them, with the figures that matter to a test."""

from parabench.records import Visit


def visit(number, *seconds):
    return Visit(
        pass_number=number,
        position=0,
        seconds_open=0.01,
        seconds_first_batch=seconds[0],
        seconds_per_round=seconds,
        seconds_cpu=0.0,
        seconds_cpu_user=0.0,
        seconds_cpu_system=0.0,
        context_switches_voluntary=0,
        context_switches_involuntary=0,
        processes=1,
        threads=1,
        gil_enabled_at_start=True,
        gil_enabled_at_end=True,
    )
