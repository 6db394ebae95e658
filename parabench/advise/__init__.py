"""Advice on one function of somebody's own: target, items, probe, prediction, race, answer, code to paste.

A run is a session like any other, with one workload that is made of the function. The package can be called:
`parabench.advise(function, items)` is `parabench.advise.python.advise`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A module that is called as the function of its name: both are `parabench.advise`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """As `parabench.advise.python.advise`; what only workers need is imported without it."""
        return importlib.import_module(f"{__name__}.python").advise(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
