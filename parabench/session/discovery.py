"""Find the workloads that are declared in a folder of plain Python files; there is no list to keep."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from parabench.errors import DuplicateName, InvalidWorkload, NothingDeclared, WorkloadNotLoadable, meant
from parabench.names import reference_to
from parabench.task.contexts import lacks
from parabench.workload import KINDS, Workload, declaration_of, is_coroutine_function, workload

#: Names end up in pytest ids, file names and comma-separated options.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def find_workloads(folder: Path) -> dict[str, Workload]:
    """Every workload declared in the Python files and packages of a folder, by name, in the order of the files.

    The folder is imported as a package of its own name, so its parent joins `sys.path`: workers find tasks so, too.
    Raises WorkloadNotLoadable, InvalidWorkload or DuplicateName.
    """
    if not folder.is_dir():
        return {}
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    workloads: dict[str, Workload] = {}
    origins: dict[str, str] = {}
    for info in sorted(pkgutil.iter_modules([str(folder)]), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue  # helpers of the files beside them
        module_name = f"{folder.name}.{info.name}"
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # as above
            raise WorkloadNotLoadable(_file_of(folder, info.name), error) from error
        workloads_declared = list(_declared_in(module))
        if not workloads_declared:
            raise NothingDeclared(_file_of(folder, info.name))
        for declared in workloads_declared:
            _validate(declared)
            if declared.name in workloads:
                raise DuplicateName("workload", declared.name, origins[declared.name], module_name)
            workloads[declared.name], origins[declared.name] = declared, module_name
    return workloads


def _file_of(folder: Path, name: str) -> Path:
    package = folder / name / "__init__.py"
    return package if package.exists() else folder / f"{name}.py"


def _declared_in(module: ModuleType) -> Iterator[Workload]:
    """Workloads of a module: `Workload` values, `WORKLOADS`, decorated functions; else its one public function.

    Without any function of its own it is the one partial, method or object that is called, by the variable's name.
    """
    declared = list(getattr(module, "WORKLOADS", ()))
    own_functions, called = [], {}
    for name, value in vars(module).items():
        if isinstance(value, Workload) and value not in declared:
            declared.append(value)
        elif isinstance(of_decorator := getattr(value, "workload", None), Workload):
            if module.__name__ in (getattr(value, "__module__", None), _module_of(of_decorator)):
                declared.append(of_decorator)
        elif inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            own_functions.append(value)
        elif _is_called(value, module) and not name.startswith("_"):
            called[name] = value
    if not declared and len(own_functions) == 1:
        declared.append(workload(own_functions[0]).workload)  # type: ignore[attr-defined]  # as above
    if not declared and not own_functions and len(called) == 1:
        declared += [declaration_of(task, name=name.replace("_", "-")) for name, task in called.items()]
    yield from declared


def _is_called(value: object, module: ModuleType) -> bool:
    """Whether it is a partial, a method of an object, or an object that a class of the module makes callable."""
    if isinstance(value, functools.partial) or (inspect.ismethod(value) and not inspect.isclass(value.__self__)):
        return True
    return callable(value) and not inspect.isclass(value) and type(value).__module__ == module.__name__


def _validate(declared: Workload) -> None:
    """Refuse what no worker could run, before anything is measured."""
    if not _NAME.fullmatch(declared.name):
        problem = (
            f"its name {declared.name!r} has more than ASCII letters, digits, dots, dashes and underscores: pass name="
        )
        raise InvalidWorkload(declared.name, problem)
    if declared.kind not in KINDS:
        problem = f"its kind '{declared.kind}' is none of {', '.join(KINDS)}{meant(declared.kind, KINDS)}"
        raise InvalidWorkload(declared.name, problem)
    if not _is_share(declared.tolerance):
        problem = (
            f"its tolerance is {declared.tolerance!r}, expected None or a share of the value, from 0 to below 1, such "
            "as 1e-9"
        )
        raise InvalidWorkload(declared.name, problem)
    _validate_coroutines(declared)
    companions = (
        declared.task,
        declared.task_async,
        declared.context,
        declared.context_async,
        declared.before_round,
        declared.after_round,
        declared.digest,
        declared.make_item,
    )
    for function in filter(None, companions):
        try:
            reference_to(function)
        except LookupError:
            name = getattr(function, "__qualname__", repr(function))
            problem = (
                f"{name} is neither a module-level function nor bound to a variable of a module, so workers in other "
                "processes cannot find it by name: bind it to one (task = ...), or write a function there that calls it"
            )
            raise InvalidWorkload(declared.name, problem) from None
    for context in filter(None, (declared.context, declared.context_async)):
        if (problem_of_class := lacks(context)) is not None:
            raise InvalidWorkload(declared.name, problem_of_class)


def _module_of(declared: Workload) -> str | None:
    try:
        return declared.module
    except LookupError:
        return None


def _validate_coroutines(declared: Workload) -> None:
    """Refuse coroutines where functions belong, and the other way round: each task would fail, under every model."""
    task = f"its task {getattr(declared.task, '__name__', declared.task)}"
    if is_coroutine_function(declared.task) and declared.task_async is not declared.task:
        problem = (
            f"{task} is a coroutine function and has a task_async beside it: name a synchronous function as the task, "
            "or leave task_async out"
        )
        raise InvalidWorkload(declared.name, problem)
    if inspect.isasyncgenfunction(declared.task):
        problem = f"{task} yields: an asynchronous generator returns no value; return one"
        raise InvalidWorkload(declared.name, problem)


def _is_share(tolerance: object) -> bool:
    """Whether it can be a tolerance: None, or a number from 0 to below 1."""
    return tolerance is None or (type(tolerance) in (int, float) and 0 <= tolerance < 1)  # type: ignore[operator]
