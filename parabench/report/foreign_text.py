"""Text that others wrote (names, tags, commit messages, replies of servers), made harmless where it is shown.

A terminal obeys control characters, and a pull request's page obeys Markdown, HTML, links and mentions. Nothing is left
out: what is not shown as itself is shown as its escape, so that a reader sees that something odd was there.
"""

from __future__ import annotations

import unicodedata

#: Unicode's general categories of characters that are not seen but do something: control, format (which turn the
#: direction of text), surrogates, private use, unassigned, and the separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def for_terminal(text: str) -> str:
    """The text with its lines, and without any character that does anything but be seen."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(letter if letter == "\n" else _seen(letter) for letter in text)


def one_line(text: str) -> str:
    """The same in one line: white space of any kind, and any amount of it, is one blank."""
    return for_terminal(" ".join(text.split()))


def for_markdown(text: str) -> str:
    """The text as a code span, in which GitHub-flavoured Markdown knows no HTML, links, mentions or emphasis.

    Only two characters mean something there: a backtick ends the span, and a vertical bar ends the cell of a table,
    escaped or not according to what is before it. They are shown as their look-alikes.
    """
    inside = one_line(text).replace("`", "'").replace("|", "\N{BROKEN BAR}")
    return f"`{inside or '-'}`"


def _seen(letter: str) -> str:
    if letter == "\t":
        return " "
    return ascii(letter)[1:-1] if unicodedata.category(letter) in _UNSEEN else letter
