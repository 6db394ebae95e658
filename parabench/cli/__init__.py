"""The command line: one verb, one file in this folder."""

from __future__ import annotations

import sys

import click

from parabench.cli.calibrate import calibrate_command
from parabench.cli.compare import compare_command
from parabench.cli.list import list_command
from parabench.cli.recover import recover_command
from parabench.cli.run import run_command
from parabench.errors import ParabenchError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="parabench")
def cli() -> None:
    """Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?

    Experiments are run by pytest: `pytest benchmarks`. This command shows what there is to run, and compares
    what has been stored.
    """


cli.add_command(calibrate_command)
cli.add_command(compare_command)
cli.add_command(list_command)
cli.add_command(recover_command)
cli.add_command(run_command)


def main() -> None:
    """Entry point of the `parabench` command: exit status 0, 1 for a failure found, 2 for a usage error."""
    try:
        cli(standalone_mode=True)
    except ParabenchError as error:
        click.echo(f"parabench: {error}", err=True)
        sys.exit(2)
