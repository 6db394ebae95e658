"""`parabench report`: look instead of read."""

from __future__ import annotations

from pathlib import Path

import click

from parabench.cli._output import echo
from parabench.cli._parameters import OneOf, results_option, share
from parabench.errors import StoreNotWritable


@click.command(
    "report",
    epilog="Examples: parabench report | parabench report --serve | parabench report --format markdown | "
    "parabench report --format svg --interpreter 3.13 --output docs/images",
)
@results_option
@click.option(
    "--format",
    "form",
    type=OneOf(["html", "markdown", "svg", "png"]),
    default="html",
    show_default=True,
    help="A page, text, or two pictures: a timeline and a heat map.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File to write, of pictures the folder; default: report.html in the results folder, Markdown on the terminal.",
)
@click.option(
    "--interpreter", metavar="NAME", help="Of the pictures, as in 3.13t; default: that of the newest session."
)
@click.option("--workload", metavar="NAME", help="Of the timeline; default: the one with the most models traced.")
@click.option("--threshold", default="5%", callback=share, show_default=True, help="Smaller changes are no changes.")
@click.option(
    "--serve", is_flag=True, help="Serve the page on loopback, made anew as sessions are stored, until Ctrl-C."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of --serve; default: any that is free.")
def report_command(
    results: Path,
    form: str,
    output: Path | None,
    interpreter: str | None,
    workload: str | None,
    threshold: float,
    serve: bool,
    port: int,
) -> None:
    """Make a page of all stored sessions: what to use for each workload, how sure that is, and why.

    The page is one file. It opens by double click, on a phone too, and asks the network for nothing.

    Exit status: 0, 2 usage.
    """
    from parabench.report.page.data import report_of
    from parabench.report.page.markdown import markdown_of
    from parabench.report.page.render import NAME, write_page

    if serve:
        _serve(results, port, threshold)
    elif form == "html":
        echo(str(write_page(report_of(results, threshold=threshold), output or results / NAME)))
    elif form == "markdown":
        text = markdown_of(report_of(results, threshold=threshold))
        if output is None:
            echo(text, nl=False)
        else:
            _write(text, output)
            echo(str(output))
    else:
        from parabench.report.page.still import draw

        for path in draw(report_of(results, threshold=threshold), output or results, form, interpreter, workload):
            echo(str(path))


def _write(text: str, output: Path) -> None:
    """Raises StoreNotWritable."""
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreNotWritable(output.parent, error) from error


def _serve(results: Path, port: int, threshold: float) -> None:
    from parabench.report.page.data import report_of
    from parabench.report.page.serve import serve

    report_of(results, threshold=threshold)  # what is wrong is said here, and not to a browser
    try:
        serve(results, port, echo, threshold)
    except OSError as error:
        raise click.UsageError(
            f"--port {port} cannot be used: {error.strerror}; leave it out for any free one"
        ) from None
