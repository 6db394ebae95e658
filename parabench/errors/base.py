"""What all errors have in common."""

from __future__ import annotations


class ParabenchError(Exception):
    """Base of all errors of this package; catch it to catch them all."""


class UsageError(ParabenchError):
    """The user asked for something that does not exist or cannot be combined."""


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
