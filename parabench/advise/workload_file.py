"""The function as a workload to go on with: a file for a workloads folder."""

from __future__ import annotations

import ast
import keyword
import os
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from parabench.advise.call_outcomes import folders_of, roots
from parabench.advise.snippet import YOUR_ITEMS, literal_of, modules_of_items
from parabench.advise.target import Target
from parabench.advise.work import Work
from parabench.errors import WorkloadFileUnusable

#: What `snippet.items_expression` makes of a file.
_OF_FILE = re.compile(
    r"""(json\.load\(|\[json\.loads\(line\) for line in |list\(csv\.DictReader\()open\(('[^']*'|"[^"]*")\)(.*)"""
)
_HERE = "Path(__file__).resolve().parent"
#: Modules that need no folder.
_STANDARD = {"csv", "importlib", "json"}
_FILE = """\
{imports}

_items = {items}


{more}@workload({fields})
{define} {name}(item{more_given}):
    return {call}
"""
_SETUP = """\
def _context(settings):
    return set_up({setup})


"""
_SETUP_ASYNC = """\
def _context_async(settings):
    return set_up_async({setup})


"""
_TWIN = """\
async def _async(item{more_given}):
    return await {call}


"""


def check_new(path: Path) -> None:
    """Raise WorkloadFileUnusable where the file could not be written, or would replace another."""
    if path.exists() or path.is_symlink():
        raise WorkloadFileUnusable(path, "it is there already, and is not overwritten")
    if not path.parent.is_dir():
        raise WorkloadFileUnusable(path, f"there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise WorkloadFileUnusable(path, f"the folder {path.parent} is not to be written to")


def write_workload(path: Path, work: Work, items: str) -> None:
    """Write a file for a workloads folder that measures the same; `items` is an expression that gives the items.

    Raises WorkloadFileUnusable; a file that has come meanwhile is not overwritten either.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_text(work, _items(work, items, path), path))
    except OSError as error:
        raise WorkloadFileUnusable(path, error.strerror or str(error)) from None


def _text(work: Work, items: str, path: Path) -> str:
    target, twin, setup = work.target, work.twin, work.setup
    argument = ("copy.deepcopy(item)" if work.copies else "item") + (", *more" if setup else "")
    call, more_given = f"{_called(target, '_work')}({argument})", ", more" if setup else ""
    fields, more = ["items=list(_items)", f"kind={work.kind!r}"], ""
    if twin is not None:
        fields.append("task_async=_async")
        more += _TWIN.format(more_given=more_given, call=f"{_called(twin, '_twin')}({argument})")
    if setup is not None and not target.is_coroutine:
        fields.append("context=_context")
        more += _SETUP.format(setup=_called(setup, "_setup"))
    if setup is not None and work.coroutine is not None:
        fields.append("context_async=_context_async")
        more += _SETUP_ASYNC.format(setup=_called(setup, "_setup"))
    if setup is not None:
        fields.append("context_scope='thread'")
    if not work.deterministic and work.dealer is None:  # with a dealer results were not compared
        fields.append("deterministic=False")
    define, call = ("async def", f"await {call}") if target.is_coroutine else ("def", call)
    text = _FILE.format(
        imports="\n".join(_imports(work, items, path)),
        items=items,
        more=more,
        fields=", ".join(fields),
        define=define,
        name=_name(target),
        more_given=more_given,
        call=call,
    )
    return text.lstrip()


def _items(work: Work, items: str, path: Path) -> str:
    """An expression that gives the items in whatever folder the file is imported."""
    if items == YOUR_ITEMS:
        return literal_of(list(work.items))
    if (of_file := _OF_FILE.fullmatch(items)) is None:
        return items
    before, name, after = of_file.groups()
    return f"{before}open({_from_file(Path(ast.literal_eval(name)), path)}){after}"


def _from_file(place: Path, path: Path) -> str:
    """A place as seen from the file: both may be moved together."""
    return f"({_HERE} / {os.path.relpath(place.resolve(), path.resolve().parent)!r}).resolve()"


def _name(target: Target) -> str:
    """The function's name as that of a workload: no helper, which begins with an underscore, and in ASCII."""
    name = target.name.strip("_")
    return name if name.isidentifier() and name.isascii() and not keyword.iskeyword(name) else "function"


def _called(target: Target, alias: str) -> str:
    """What a function is called by, where the first part of its name has been imported as `alias`."""
    _, dot, rest = target.dotted.partition(".")
    return f"{alias}{dot}{rest}"


def _imports(work: Work, items: str, path: Path) -> Iterator[str]:
    """The lines at the top. Folders that nobody else makes known are added to `sys.path`: workers import the file, too.

    A workloads folder is found from the folder that it is in, and installed modules by every Python.
    """
    known = {path.resolve().parent.parent, *(Path(folder).resolve() for folder in sysconfig.get_paths().values())}
    modules = set(modules_of_items(items))
    of_items = modules - _STANDARD
    wanted = roots(work) if of_items or "importlib" in modules else folders_of(work)
    folders = [folder for folder in wanted if folder.resolve() not in known]
    standard = (modules & _STANDARD) | ({"copy"} if work.copies else set()) | ({"sys"} if folders else set())
    yield from (f"import {module}" for module in sorted(standard))
    if folders or _HERE in items:
        yield "from pathlib import Path"
    yield from ["", "from parabench import workload"]
    if work.setup is not None:
        used = {"set_up": not work.target.is_coroutine, "set_up_async": work.coroutine is not None}
        yield f"from parabench.advise.calling import {', '.join(name for name, is_used in used.items() if is_used)}"
    yield ""
    yield from (f"sys.path.insert(0, str({_from_file(folder, path)}))" for folder in reversed(folders))
    yield from (f"import {module}" for module in sorted(of_items))
    for alias, target in (("_work", work.target), ("_twin", work.twin), ("_setup", work.setup)):
        if target is not None:
            yield f"from {target.module} import {target.dotted.partition('.')[0]} as {alias}"
