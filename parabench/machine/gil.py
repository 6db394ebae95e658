"""Whether this interpreter has a GIL now. Workers import this: the standard library only."""

from __future__ import annotations

import sys


def gil_enabled() -> bool:
    """Whether the GIL is on now; an extension can switch it back on in a free-threaded build."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())
