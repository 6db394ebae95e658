"""Did something switch the GIL back on? Then what a free-threaded build measured is filed under the wrong name."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import warnings
from typing import Any

#: What CPython says when an extension that cannot do without the GIL is imported.
_SAYS = re.compile(r"global interpreter lock \(GIL\) has been enabled to load module '([^']+)'")
_modules: list[str] = []


def watch() -> None:
    """Take note of the modules that switch the GIL back on, from now on; each is said once, as a warning."""
    show = warnings.showwarning

    def note(message: Any, *arguments: Any, **keywords: Any) -> None:
        if match := _SAYS.search(str(message)):
            _modules.append(match[1])
        show(message, *arguments, **keywords)

    warnings.showwarning = note


def switched_on_by() -> str | None:
    """The module that switched on the GIL of this free-threaded interpreter, or "something"; None: it is as wanted."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED") or os.environ.get("PYTHON_GIL") == "1":
        return None
    if not getattr(sys, "_is_gil_enabled", lambda: False)():
        return None
    return _modules[0] if _modules else "something"
