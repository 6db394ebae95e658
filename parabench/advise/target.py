"""The function: found as any worker would find it, or refused with what would help."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

from parabench.advise.calling import find_dotted
from parabench.errors import SetupUnusable, TargetUnusable, listed, meant
from parabench.names import reference_to
from parabench.workload import is_coroutine_function

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
BIND = "bind it to a variable of a module (work = ...), or wrap it in a def there"
MOVE = "move the function into a module of its own, such as jobs.py, and import it from there"


@dataclass(frozen=True, slots=True)
class Target:
    """A function that workers can import."""

    #: "module:name.of.it".
    reference: str
    function: Callable[..., Any]
    #: Folder that its module is found in; None where every Python of this environment finds it.
    root: Path | None

    @property
    def module(self) -> str:
        """The module's full name."""
        return self.reference.partition(":")[0]

    @property
    def dotted(self) -> str:
        """The function's name within its module."""
        return self.reference.partition(":")[2]

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.dotted.rpartition(".")[2]

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it gives a coroutine."""
        return is_coroutine_function(self.function)


def target_of(text: str, folder: Path) -> Target:
    """The function of a text such as "jobs.py:resize" or "package.module:function". Raises TargetUnusable.

    Files and modules are looked for from `folder`.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not _NAME.fullmatch(name):
        raise TargetUnusable(text, "it names no function", "write file.py:function or package.module:function")
    if where == "__main__":
        raise TargetUnusable(text, "workers cannot import __main__", MOVE)
    if where.endswith(".py"):
        module, root = _module_of(text, (folder / where).resolve())
    else:
        module, root = where, folder
    if root is not None and str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        imported = importlib.import_module(module)
    except Exception as error:  # whatever the user's module raises is what the user has to read
        raise TargetUnusable(
            text, f"importing {module} raises {type(error).__name__}: {error}", "workers import it just so: mend that"
        ) from error
    except SystemExit as error:
        raise TargetUnusable(text, f"importing {module} ends the process ({error!r})", MOVE) from error
    file = getattr(imported, "__file__", None)
    if where.endswith(".py") and (file is None or Path(file).resolve() != (folder / where).resolve()):
        raise TargetUnusable(text, f"importing {module} finds {file} instead", "give the file another name")
    try:
        function = find_dotted(f"{module}:{name}")
    except AttributeError:
        there = [known for known, value in vars(imported).items() if inspect.isfunction(value)]
        raise TargetUnusable(
            text,
            f"{module} has no '{name}'{meant(name, there)}",
            f"functions there are: {listed(there)}; workers see what importing defines",
        ) from None
    return _checked(Target(f"{module}:{name}", function, root), text)


def twin_of(text: str, folder: Path) -> Target:
    """The coroutine function that does the same as another one. Raises TargetUnusable."""
    target = target_of(text, folder)
    if not target.is_coroutine:
        raise TargetUnusable(text, "it is no coroutine function, as a twin has to be", "use async def")
    return target


def setup_of(text: str, folder: Path) -> Target:
    """A set-up function. Raises SetupUnusable."""
    try:
        return target_of(text, folder)
    except TargetUnusable as error:
        raise SetupUnusable(text, str(error)) from None


def target_from(function: Callable[..., Any]) -> Target:
    """The same for a function at hand. Raises TargetUnusable when workers would not find that very function."""
    if (bound := _bound(function)) is not None:
        return _checked(bound, bound.reference)
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    owner = getattr(function, "__self__", None)
    shown = f"{module}:{name}" if name else repr(function)
    if module is None or name is None:
        raise TargetUnusable(shown, "it has no name by which workers could find it", BIND)
    if module == "__main__":
        raise TargetUnusable(shown, "it is defined in __main__, which workers cannot import", MOVE)
    if owner is not None and not inspect.ismodule(owner) and not inspect.isclass(owner):
        raise TargetUnusable(
            shown,
            f"it is a method of an object ({type(owner).__name__}), which workers do not have",
            "bind the object to a variable of a module, or wrap it: def work(item): return Class().method(item)",
        )
    try:
        importable = find_dotted(f"{module}:{name}")
        why = ""
    except Exception as error:
        importable, why = None, f"; finding it raises {type(error).__name__}: {error}"
    if importable is not function and importable != function:
        raise TargetUnusable(
            shown,
            "importing that name gives another object, or none (a lambda, a function within a function, a decorator "
            f"without functools.wraps){why}",
            "define it with def at the top of a module, under its own name",
        )
    return _checked(Target(f"{module}:{name}", function, _root_of(module)), shown)


def _bound(function: Callable[..., Any]) -> Target | None:
    """A partial, a method or an object that is called, where a variable of a module leads to it; None for the rest."""
    if not callable(function) or isinstance(function, type | FunctionType | BuiltinFunctionType):
        return None
    try:
        reference = reference_to(function)
    except LookupError:
        return None
    module = reference.partition(":")[0]
    return Target(reference, function, _root_of(module))


def _checked(target: Target, text: str) -> Target:
    if not callable(target.function) or inspect.isclass(target.function):
        kind = "a class" if inspect.isclass(target.function) else f"a {type(target.function).__name__}"
        raise TargetUnusable(text, f"it is {kind}, no function", "name a function of one argument, the item")
    return target


def _module_of(text: str, path: Path) -> tuple[str, Path]:
    """Module and root folder of a file, which may be part of a package."""
    if not path.is_file():
        raise TargetUnusable(text, f"there is no file {path}", "write file.py:function, from this folder")
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if not all(part.isidentifier() for part in parts):
        raise TargetUnusable(text, f"{'.'.join(parts)} is no name that can be imported", "rename the file")
    return ".".join(parts), folder


def _root_of(module: str) -> Path | None:
    """The folder that a module was imported from."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return None
    path = Path(file).resolve()
    depth = module.count(".") + (1 if path.name == "__init__.py" else 0)
    return path.parents[depth]
