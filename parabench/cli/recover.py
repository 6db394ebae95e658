"""`parabench recover`: store what crashed or interrupted sessions have left in their journals."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from parabench.cli._folders import project_folder
from parabench.cli._output import confirm, echo
from parabench.errors import ParabenchError
from parabench.history import journal
from parabench.history.recovery import recover, set_aside
from parabench.history.session_journal import Damaged, Unfinished, left_behind
from parabench.machine.abilities import must_be_able
from parabench.measure.scratch import sweep
from parabench.models import find_models
from parabench.session.discovery import find_workloads

#: So many of the lines that are dropped are told one by one.
DROPPED_SHOWN = 10


@click.command("recover", epilog="Examples: parabench recover --results results | parabench recover --discard --yes")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=project_folder("parabench_results", "results"),
    show_default="results, in the project's root",
    help="Folder of the stored sessions.",
)
@click.option(
    "--workloads-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=project_folder("parabench_workloads_dir", "workloads"),
    show_default="workloads, in the project's root",
    help="Folder of the workload files that the sessions measured.",
)
@click.option("--discard", is_flag=True, help="Give every unfinished session up instead; asks for each.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def recover_command(results: Path, workloads_dir: Path, *, discard: bool, yes: bool) -> None:
    """Store every unfinished session as far as it came, marked as interrupted, and remove its journal.

    Of a journal that is damaged everything is stored that can be read; what is dropped is told, and the file as it was
    is moved aside. Processes and files that killed sessions have left on this machine are removed, too.

    Exit status: 0, 1 a journal that could not be stored or removed, 2 usage.
    """
    must_be_able("recovering a session")
    sweep(Path(tempfile.gettempdir()))
    journals_found, failed = 0, 0
    for folder in sorted(path for path in results.resolve().iterdir() if path.is_dir()):
        whole, damaged = left_behind(folder)
        both: list[Unfinished | Damaged] = [*whole, *damaged]
        for journal_left in both:
            journals_found += 1
            try:
                with journal.held(journal_left.path):
                    _give_up(journal_left, yes=yes) if discard else _store(journal_left, workloads_dir.resolve())
            except ParabenchError as error:
                failed += 1
                echo(f"parabench: {journal_left.description}: {error}", err=True)
    if not journals_found:
        echo(f"no unfinished session in {results}")
    sys.exit(1 if failed else 0)


def _give_up(journal_left: Unfinished | Damaged, *, yes: bool) -> None:
    if yes or confirm(f"give up {journal_left.description}?"):
        journal_left.path.unlink()
        echo(f"{journal_left.description} is given up")


def _store(journal_left: Unfinished | Damaged, workloads_dir: Path) -> None:
    good = journal_left.good if isinstance(journal_left, Damaged) else journal_left
    if isinstance(journal_left, Damaged):
        for line, fault in journal_left.dropped[:DROPPED_SHOWN]:
            echo(f"{journal_left.path}: dropped line {line}: {fault}")
        if len(journal_left.dropped) > DROPPED_SHOWN:
            echo(f"{journal_left.path}: dropped {len(journal_left.dropped) - DROPPED_SHOWN} more lines")
    if good is None:
        echo(f"{journal_left.description}: nothing can be stored without its plan")
    else:
        # Journals of today say themselves what they measured; it may be gone from the folder by now.
        workloads = {} if "workloads" in good.entries.header else find_workloads(workloads_dir)
        stored, benchmarks = recover(good, workloads, find_models(), workloads_dir.parent)
        if stored is None:
            echo(f"{good.description}: nothing valid had been measured")
        else:
            echo(f"{good.description}: {benchmarks} cells are stored as {stored}")
    if isinstance(journal_left, Damaged):
        echo(f"the journal as it was is kept as {set_aside(journal_left.path)}")
    else:
        journal_left.path.unlink()
