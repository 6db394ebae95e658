"""Options that several verbs share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from parabench.history.remote import is_url, local_folder


class _Results(click.Path):
    """A folder, or a URL, of which the mirror is taken."""

    name = "directory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The folder to read and write. Raises RemoteUnusable."""
        if is_url(str(value)):
            return local_folder(str(value))
        return super().convert(value, param, ctx)


results_option = click.option(
    "--results",
    type=_Results(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder, or URL (s3://...), of the stored sessions, of parabench or of pytest-benchmark alone.",
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
