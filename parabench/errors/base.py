"""What all errors have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable

#: How many known names an error lists.
LISTED_MOST = 10


class ParabenchError(Exception):
    """Base of all errors of this package; catch it to catch them all."""


class UsageError(ParabenchError):
    """The user asked for something that does not exist or cannot be combined."""


def listed(names: Iterable[str]) -> str:
    """Known names by the alphabet, the first ones when there are many."""
    known = sorted(names)
    more = f" and {len(known) - LISTED_MOST} more" if len(known) > LISTED_MOST else ""
    return (", ".join(known[:LISTED_MOST]) or "none") + more


def meant(name: str, known: Collection[str]) -> str:
    """The known names that are close to one that is not, as a question to put into an error; empty without any."""
    from difflib import get_close_matches  # not at the top: every worker imports this module, and none is asked

    by_lower = {candidate.lower(): candidate for candidate in known}
    close = [by_lower[candidate] for candidate in get_close_matches(name.lower(), by_lower, n=2)]
    return f"; did you mean {' or '.join(map(repr, close))}?" if close and name not in known else ""


def describe_exit(exit_code: int | None) -> str:
    """Exit status in words: negative codes are signals, None is unknown."""
    if exit_code is None:
        return "an unknown exit status"
    if exit_code < 0:
        import signal

        try:
            return f"signal {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit status {exit_code}"
