"""What rich draws, as text: the one way from tables to the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments

from parabench.report.foreign_text import for_terminal

#: Tables are as wide as they need to be, whatever the terminal: cut names answer nothing.
TABLE_WIDTH = 200


def render(parts: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """Rich renderables as text. A live display would fight pytest's capture, so everything is rendered first.

    All that is rendered passes here: text keeps no control character, and colours are those of the renderables.
    """
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        segments = (Segment(for_terminal(segment.text), segment.style) for segment in console.render(part))
        console.print(Segments(segments), end="")
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
