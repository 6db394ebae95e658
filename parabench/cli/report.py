"""`parabench report`: look instead of read."""

from __future__ import annotations

from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import results_option


@click.command("report", epilog="Examples: parabench report | parabench report --results results --output report.html")
@results_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; default: report.html in the results folder.",
)
def report_command(results: Path, output: Path | None) -> None:
    """Make a page of all stored sessions: what to use for each workload, how sure that is, and why.

    The page is one file. It opens by double click, on a phone too, and asks the network for nothing.

    Exit status: 0, 2 usage.
    """
    from parabench.report.page.data import report_of
    from parabench.report.page.render import NAME, write_page

    echo(str(write_page(report_of(results), output or results / NAME)))
