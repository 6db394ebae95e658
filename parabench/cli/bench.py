"""`parabench bench`: one session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from parabench.cli import _completion
from parabench.cli._output import echo
from parabench.project import project_of, tests_among
from parabench.run.experiments import with_experiments
from parabench.session.option_table import FRONT_END, OPTIONS, in_full


class _Bench(click.Command):
    """Its help lists what the session takes."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The options of an experiment; those of pytest are told by pytest."""
        rows = [(f"{entry.flag} {entry.metavar or ''}".strip(), entry.help) for entry in OPTIONS]
        with formatter.section("Options, besides those of pytest"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What the shell offers: our options are none of click's."""
        if incomplete.startswith("-") and "=" not in incomplete:
            return _completion.options(incomplete)
        return super().shell_complete(ctx, incomplete)


@click.command(
    "bench",
    cls=_Bench,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: parabench bench --workloads 'count-*' --models sequential,thread-pool --budget 60 -k thread",
    add_help_option=False,
)
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, shell_complete=_completion.pytest_arguments)
@click.pass_context
def bench_command(context: click.Context, pytest_arguments: tuple[str, ...]) -> None:
    """Measure, race and recommend: a session of the project's benchmarks, or of the tests that PYTEST_ARGUMENTS name.

    The same as `pytest benchmarks`, but options of parabench have short names here, in every project.

    Exit status: 0, 1 a cell failed or the results could not be stored, 2 interrupted, 4 usage or nothing to measure,
    5 no test or no model that can run.
    """
    if set(pytest_arguments) & {"-h", "--help"}:
        echo(context.get_help())
        return
    arguments = [FRONT_END, *in_full(pytest_arguments)]
    if not tests_among(arguments, Path.cwd(), with_value=()):
        arguments = with_experiments(project_of(Path.cwd()), arguments)
    command = [sys.executable, "-m", "pytest", *arguments]
    sys.stdout.flush()
    if sys.platform == "win32":  # no process can become another one there
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted
