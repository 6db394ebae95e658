"""Options that several verbs share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from parabench.cli import _completion
from parabench.cli._folders import project_folder
from parabench.errors import meant
from parabench.history.remote import is_url, local_folder


class _Results(click.Path):
    """A folder, or a URL, of which the mirror is taken."""

    name = "directory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The folder to read and write. Raises RemoteUnusable."""
        if is_url(str(value)):
            return local_folder(str(value))
        return super().convert(value, param, ctx)


class OneOf(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2 only
    """One of some names; what is close to one is told."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name. Raises BadParameter."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = meant(str(value), [str(name) for name in self.choices])
            raise click.BadParameter(error.message.removesuffix(".") + close, ctx, param) from None


results_option = click.option(
    "--results",
    type=_Results(path_type=Path, file_okay=False),
    default=project_folder("parabench_results", "results"),
    show_default="results, in the project's root",
    help="Folder, or URL (s3://...), of the stored sessions, of parabench or of pytest-benchmark alone.",
)


install_option = click.option(
    "--install", "requirements", multiple=True, metavar="REQ", help="What --python's environments need, too."
)


cell_argument = click.argument("cell", required=False, shell_complete=_completion.cells)


def sessions_option(meaning: str, default: str | None = "latest") -> Callable[[Any], Any]:
    """Which stored sessions a verb reads."""
    return click.option(
        "--sessions",
        metavar="TEXT",
        shell_complete=_completion.sessions,
        default=default,
        show_default=default is not None,
        help=meaning,
    )


def share(context: click.Context, parameter: click.Parameter, value: Any) -> float:
    """A share such as 5% or 0.05, as a number from above 0 to 1."""
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = math.nan
    if not 0 < number <= 1:
        raise click.BadParameter(f"'{text}' is no share: expected something like 5% or 0.05", context, parameter)
    return number
