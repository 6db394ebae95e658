"""A contract of our own for `lint-imports`: who may import what is listed, and all that is not listed is forbidden.

import-linter's contracts forbid what they name, so that a library that nobody thought of passes. What workers import
has to load into subinterpreters, on other hosts and within milliseconds: there the list says what is allowed.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import grimp
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules


class Libraries(Enum):
    """Where modules may import what is not in the standard library."""

    NONE = "none"
    INSIDE_FUNCTIONS = "inside functions"
    ANY = "any"


class AllowListContract(Contract):
    """Modules that import the standard library, what is allowed, and nothing else.

    Options in pyproject.toml:
        importers: the modules that are looked at; `a.*` is every module right below, `a.**` every one below.
        allowed: modules of the packages under contract that they may import, beside each other.
        libraries: `none`, `inside functions` (whoever does not use the model does without its library), or `any`.
        never: libraries that are forbidden wherever they are imported.
    Imports for annotations alone (`if TYPE_CHECKING:`) never happen, so they may be of any library.
    """

    type_name = "allow_list"

    importers = fields.ListField(subfield=fields.ModuleExpressionField())
    allowed = fields.ListField(subfield=fields.ModuleExpressionField(), required=False, default=[])
    libraries = fields.EnumField(Libraries, default=Libraries.NONE)
    never = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - its signature
        """Whether every import of every importer is allowed; what is not is in the metadata, a line each."""
        importers = _names(graph, self.importers)
        allowed = importers | _names(graph, self.allowed)
        forbidden = [line for importer in sorted(importers) for line in self._forbidden(graph, importer, allowed)]
        return ContractCheck(kept=not forbidden, metadata={"forbidden": forbidden})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that is not allowed."""
        for line in check.metadata["forbidden"]:
            output.print_error(f"- {line}", bold=False)
        output.new_line()

    def _forbidden(self, graph: grimp.ImportGraph, importer: str, allowed: set[str]) -> Iterator[str]:
        rule: Any = self.libraries
        never: Any = self.never
        for imported in sorted(graph.find_modules_directly_imported_by(importer) - allowed):
            library = imported.split(".", maxsplit=1)[0]
            ours = not graph.is_module_squashed(imported)
            if not ours and (library in sys.stdlib_module_names or (rule is Libraries.ANY and library not in never)):
                continue
            places = _places_of_lines(importer)
            for detail in graph.get_import_details(importer=importer, imported=imported):
                place = places.get(detail["line_number"], "at the top")
                late = place == "inside a function" and rule is Libraries.INSIDE_FUNCTIONS
                if ours or (place != "for annotations" and (library in never or not late)):
                    yield f"{importer} -> {imported} (line {detail['line_number']}, {place})"


def _names(graph: grimp.ImportGraph, expressions: Any) -> set[str]:
    modules: Iterable[Any] = module_expressions_to_modules(graph, expressions, raise_if_unmatched=True)
    return {module.name for module in modules}


@functools.cache
def _places_of_lines(module: str) -> dict[int, str]:
    """Which lines of a module's source run inside functions, and which are for annotations alone."""
    places: dict[int, str] = {}
    for node in ast.walk(ast.parse(_file_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            places |= {line: "inside a function" for part in node.body for line in _lines(part)}
        elif isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            places |= {line: "for annotations" for part in node.body for line in _lines(part)}
    return places


def _file_of(module: str) -> Path:
    """The module's file, found from its outermost package, which is the only one that is found without importing any.

    A package that imports what is not installed has to be told of, and not to end the search.
    """
    package, *names = module.split(".")
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{module} is in the graph, so its package is found"
    for folder in spec.submodule_search_locations or ():
        place = Path(folder, *names)
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                return file
    raise AssertionError(f"{module} is in the graph, so it is a file")


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
