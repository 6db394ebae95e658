"""The command line: one verb, one file in this folder, imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.errors import ParabenchError, UnknownName

#: Verbs by what somebody wants to do; one that is not listed is shown last.
GROUPS = {
    "Measure": ("bench", "advise", "scale", "run", "calibrate", "worker"),
    "Read what was measured": ("report", "explain", "compare", "history", "export"),
    "Look around": ("list", "doctor"),
    "Mend": ("recover",),
}


class _Verbs(click.Group):
    """Finds a verb as the file of its name; nobody who compares waits for what runs experiments to be imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs by name."""
        files = (path.stem for path in Path(__file__).parent.glob("*.py"))
        return sorted(name for name in files if not name.startswith("_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs in groups, each with its first sentence."""
        left = self.list_commands(ctx)
        groups = {title: [name for name in names if name in left] for title, names in GROUPS.items()}
        listed = {name for names in groups.values() for name in names}
        groups["More"] = [name for name in left if name not in listed]
        for title, names in groups.items():
            commands = ((name, self.get_command(ctx, name)) for name in names)
            rows = [(name, command.get_short_help_str(limit=200)) for name, command in commands if command]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that was given. Raises UnknownName."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            raise UnknownName("verb", name, known)
        return super().resolve_command(ctx, args)

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

    `parabench bench` measures, and says what to use. The other verbs repeat that, compare what has been stored, and
    show what there is. Each has a --help with an example.
    """


def main() -> None:
    """Entry point of the `parabench` command: exit status 0, 1 for a failure found, 2 for a usage error."""
    try:
        cli(standalone_mode=True)
    except ParabenchError as error:
        echo(f"parabench: {error}", err=True)
        sys.exit(2)
