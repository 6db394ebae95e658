"""Functions as text: the name by which any worker, in another process, interpreter or host, imports and finds one."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any


@functools.cache
def find(reference: str) -> Any:
    """The object that "package.module:name" or "package.module:object.name" names.

    Raises ImportError or AttributeError as importing it would.
    """
    module, _, path = reference.partition(":")
    return functools.reduce(getattr, path.split("."), importlib.import_module(module))


def reference_to(thing: Any) -> str:
    """The text by which `find` finds it: its own name, or that of the variable of a module that it is bound to.

    A method is named by its object, which every process makes anew as it imports the module, or by a variable of its
    own. Raises LookupError.
    """
    if isinstance(thing, MethodType):
        with contextlib.suppress(LookupError):  # the object has no name, but the method may have one
            return f"{reference_to(thing.__self__)}.{thing.__func__.__name__}"
    own = f"{getattr(thing, '__module__', None)}:{getattr(thing, '__qualname__', None)}"
    is_plain = isinstance(thing, FunctionType) and not {"<", "."} & {*thing.__qualname__}
    if is_plain or ("<" not in own and _finds(own, thing)):
        return own
    for module, name, value in _variables():
        if value is thing:
            return f"{module}:{name}"
    raise LookupError(f"{thing!r} is bound to no variable of a module")


def _finds(reference: str, thing: Any) -> bool:
    try:
        return find(reference) is thing
    except (ImportError, AttributeError, ValueError):
        return False


def _variables() -> Iterator[tuple[str, str, Any]]:
    """What modules have in their variables; not those of the program itself, which has another name elsewhere.

    Some libraries list it a second time, as `__mp_main__`.
    """
    program = sys.modules.get("__main__")
    for module_name, module in list(sys.modules.items()):
        if module is not program:
            for name, value in list(getattr(module, "__dict__", {}).items()):
                yield module_name, name, value
