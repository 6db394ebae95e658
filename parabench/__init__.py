"""Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?"""

import importlib
from typing import Any

from parabench.workload import Workload, workload

__all__ = ["Workload", "advise", "read", "workload"]
#: What is imported when it is asked for: workers never do.
_LATE = {
    "advise": ("parabench.advise", None),
    "read": ("parabench.history.long_format", "read"),
    "load_ipython_extension": ("parabench.cli._notebook", "load"),
}


def __getattr__(name: str) -> Any:
    """`parabench.advise`, which can be called, `parabench.read`, and what `%load_ext parabench` looks for."""
    if name not in _LATE:
        raise AttributeError(f"module 'parabench' has no attribute {name!r}")
    module, attribute = _LATE[name]
    loaded = importlib.import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)
