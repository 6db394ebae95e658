"""`parabench recover`: store what crashed or interrupted sessions have left in their journals."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.errors import ParabenchError
from parabench.history import journal
from parabench.history.recovery import recover, set_aside
from parabench.history.session_journal import Damaged, Unfinished, left_behind
from parabench.measure.scratch import sweep
from parabench.models import find_models
from parabench.session.discovery import find_workloads

#: So many of the lines that are dropped are told one by one.
DROPPED_SHOWN = 10


@click.command("recover", epilog="Examples: parabench recover --results results | parabench recover --discard --yes")
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
@click.option("--discard", is_flag=True, help="Give every unfinished session up instead; asks for each.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def recover_command(results: Path, workloads_dir: Path, *, discard: bool, yes: bool) -> None:
    """Store every unfinished session as far as it came, marked as interrupted, and remove its journal.

    Of a journal that is damaged everything is stored that can be read; what is dropped is told, and the file as it was
    is moved aside. Processes and files that killed sessions have left on this machine are removed, too.
    """
    sweep(Path(tempfile.gettempdir()))
    found, failed = 0, 0
    for folder in sorted(path for path in results.resolve().iterdir() if path.is_dir()):
        whole, damaged = left_behind(folder)
        both: list[Unfinished | Damaged] = [*whole, *damaged]
        for one in both:
            found += 1
            try:
                with journal.held(one.path):
                    _give_up(one, yes=yes) if discard else _store(one, workloads_dir.resolve())
            except ParabenchError as error:
                failed += 1
                echo(f"parabench: {one.told}: {error}", err=True)
    if not found:
        echo(f"no unfinished session in {results}")
    sys.exit(1 if failed else 0)


def _give_up(one: Unfinished | Damaged, *, yes: bool) -> None:
    if yes or click.confirm(f"give up {one.told}?"):
        one.path.unlink()
        echo(f"{one.told} is given up")


def _store(one: Unfinished | Damaged, workloads_dir: Path) -> None:
    good = one.good if isinstance(one, Damaged) else one
    if isinstance(one, Damaged):
        for line, fault in one.dropped[:DROPPED_SHOWN]:
            echo(f"{one.path}: dropped line {line}: {fault}")
        if len(one.dropped) > DROPPED_SHOWN:
            echo(f"{one.path}: dropped {len(one.dropped) - DROPPED_SHOWN} more lines")
    if good is None:
        echo(f"{one.told}: nothing can be stored without its plan")
    else:
        # Journals of today say themselves what they measured; it may be gone from the folder by now.
        workloads = {} if "workloads" in good.entries.header else find_workloads(workloads_dir)
        stored, benchmarks = recover(good, workloads, find_models(), workloads_dir.parent)
        if stored is None:
            echo(f"{good.told}: nothing valid had been measured")
        else:
            echo(f"{good.told}: {benchmarks} cells are stored as {stored}")
    if isinstance(one, Damaged):
        echo(f"the journal as it was is kept as {set_aside(one.path)}")
    else:
        one.path.unlink()
