"""Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?"""

from typing import Any

from parabench.workload import Workload, workload

__all__ = ["Workload", "advise", "workload"]


def __getattr__(name: str) -> Any:
    """`parabench.advise`, which can be called, is imported when it is asked for: workers never do."""
    if name == "advise":
        import importlib

        return importlib.import_module("parabench.advise")
    raise AttributeError(f"module 'parabench' has no attribute {name!r}")
