"""The command line: one verb, one file in this folder, imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.errors import ParabenchError


class _Verbs(click.Group):
    """Finds a verb as the file of its name; nobody who compares waits for what runs experiments to be imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs by name."""
        files = (path.stem for path in Path(__file__).parent.glob("*.py"))
        return sorted(name for name in files if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{cmd_name}"), f"{cmd_name}_command")
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="parabench")
def cli() -> None:
    """Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?

    Experiments are run by pytest: `pytest benchmarks`. This command shows what there is to run, and compares what has
    been stored.
    """


def main() -> None:
    """Entry point of the `parabench` command: exit status 0, 1 for a failure found, 2 for a usage error."""
    try:
        cli(standalone_mode=True)
    except ParabenchError as error:
        echo(f"parabench: {error}", err=True)
        sys.exit(2)
