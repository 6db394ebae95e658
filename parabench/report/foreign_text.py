"""Text that others wrote (names, tags, commit messages, replies of servers), made harmless where it is shown.

A terminal obeys control characters, and a pull request's page obeys Markdown, HTML, links and mentions.
"""

from __future__ import annotations

from parabench.errors.visible import for_terminal, one_line

__all__ = ["for_markdown", "for_terminal", "one_line"]


def for_markdown(text: str) -> str:
    """The text as a code span, in which GitHub-flavoured Markdown knows no HTML, links, mentions or emphasis.

    Only two characters mean something there: a backtick ends the span, and a vertical bar ends the cell of a table,
    escaped or not according to what is before it. They are shown as their look-alikes.
    """
    inside = one_line(text).replace("`", "'").replace("|", "\N{BROKEN BAR}")
    return f"`{inside or '-'}`"
