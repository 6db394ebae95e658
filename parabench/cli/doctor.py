"""`parabench doctor`: what this machine has for measuring, what it lacks, and why."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from parabench.cli._folders import workloads_dir
from parabench.cli._output import show
from parabench.cli._parameters import results_option
from parabench.report.health_text import health_text
from parabench.session.health import examination

WIDTH_MOST = 80


@click.command("doctor", epilog="Example: parabench doctor")
@results_option
def doctor_command(results: Path) -> None:
    """Look at interpreter, cores, quotas, timers, counters, models, workloads and results, and for what spoils numbers.

    A line says ok, - where something is not there and why, or BAD where it would spoil the numbers or stop a session.

    Exit status: 0, 1 something is BAD, 2 usage.
    """
    findings = examination(workloads_dir(), results)
    show(health_text(findings, min(WIDTH_MOST, shutil.get_terminal_size().columns)))
    sys.exit(int(any(finding.well is False for finding in findings)))
