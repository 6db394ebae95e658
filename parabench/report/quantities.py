"""Numbers as people read them."""

from __future__ import annotations

#: What the amounts of each of METRICS are.
UNITS = {"seconds": "seconds", "cpu": "seconds", "memory": "bytes", "joules": "joules"}


def amount_text(metric: str, amount: float) -> str:
    """An amount of one of METRICS with its unit."""
    if UNITS[metric] == "bytes":
        return f"{amount / 1e6:.3g} MB"
    return f"{amount:.3g} J" if UNITS[metric] == "joules" else seconds_text(amount)


def seconds_text(seconds: float) -> str:
    """A time with a unit that leaves one to three digits before the point."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
