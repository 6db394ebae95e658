"""Text that others wrote, without what a terminal would obey: for every place where a message leaves the program.

It stands with the words, because a worker of a queue writes messages, too. Nothing is left out: what is not shown as
itself is shown as its escape, so that a reader sees that something odd was there.
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


def _seen(letter: str) -> str:
    if letter == "\t":
        return " "
    return ascii(letter)[1:-1] if unicodedata.category(letter) in _UNSEEN else letter
