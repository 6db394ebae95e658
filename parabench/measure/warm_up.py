"""Interpreters with a JIT compiler get faster, or slower, as they run: rounds until they are flat, all of them kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from parabench.analyse.steadiness import is_flat

ROUNDS_MOST = 60
SECONDS_MOST = 1.5


def run_until_flat(run: Callable[[], float], first: Sequence[float]) -> tuple[float, ...]:
    """Run rounds until two windows in a row agree, or for SECONDS_MOST; returns the seconds of `first` and of those.

    `run` runs one round and returns its seconds.
    """
    seconds, deadline = list(first), time.monotonic() + SECONDS_MOST
    while not is_flat(seconds) and len(seconds) < ROUNDS_MOST and time.monotonic() < deadline:
        seconds.append(run())
    return tuple(seconds)
