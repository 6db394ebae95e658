"""`parabench recover`: store what crashed or interrupted sessions have left in their journals."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.errors import ParabenchError
from parabench.history.recovery import recover
from parabench.history.session_journal import unfinished
from parabench.models import find_models
from parabench.session.discovery import find_workloads


@click.command("recover", epilog="Example: parabench recover --results results")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("results"),
    show_default=True,
    help="Folder of the stored sessions.",
)
@click.option(
    "--workloads-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("workloads"),
    show_default=True,
    help="Folder of the workload files that the sessions measured.",
)
def recover_command(results: Path, workloads_dir: Path) -> None:
    """Store every unfinished session as far as it came, marked as interrupted, and remove its journal."""
    folders = sorted(path for path in results.resolve().iterdir() if path.is_dir())
    root = workloads_dir.resolve().parent
    workloads, models = find_workloads(workloads_dir.resolve()), find_models()
    found, failed = 0, 0
    for folder in folders:
        for one in unfinished(folder):
            found += 1
            try:
                stored, benchmarks = recover(one, workloads, models, root)
            except ParabenchError as error:
                failed += 1
                echo(f"parabench: {one.told}: {error}", err=True)
                continue
            if stored is None:
                echo(f"{one.told}: nothing valid had been measured, the journal is removed")
            else:
                echo(f"{one.told}: {benchmarks} cells are stored as {stored}")
    if not found:
        echo(f"no unfinished session in {results}")
    sys.exit(1 if failed else 0)
