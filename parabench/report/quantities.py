"""Numbers as people read them."""

from __future__ import annotations


def seconds_text(seconds: float) -> str:
    """A time with a unit that leaves one to three digits before the point."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
