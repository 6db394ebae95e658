"""What is read in one go stays short enough for that: files, functions, branches; and a name stands for one thing."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("parabench", "workloads", "benchmarks", "tests", "docs", "changes", "action")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LINES_OF_FILE = 300
#: A model is read in one go with its contract: what is not the model stands in `queues/`, `clusters/` or `workers/`.
LINES_OF_MODEL = 120
MODELS = sorted((ROOT / "parabench/models").glob("*.py"))
LINES_OF_FUNCTION = 40
#: As names of variables and parameters these say nothing of what they hold.
SAYS_NOTHING = {"told", "found", "one"}


def too_long(source: str, lines_of_file: int = LINES_OF_FILE) -> list[str]:
    """What is too long in a source, with its lines; decorators do not count."""
    lines = len(source.splitlines())
    found = [f"the file: {lines} lines, at most {lines_of_file}"] if lines > lines_of_file else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LINES_OF_FUNCTION:
                found.append(f"{node.name}: {lines} lines, at most {LINES_OF_FUNCTION}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    assert not too_long(path.read_text())


def saying_nothing(source: str) -> list[str]:
    """Variables and parameters that do not say what they hold, with their lines."""
    bound = [
        (node.lineno, node.arg if isinstance(node, ast.arg) else node.id)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return [f"line {line}: {name}" for line, name in bound if name in SAYS_NOTHING]


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parts[len(ROOT.parts)] in ("parabench", "workloads")], ids=str
)
def test_names_say_what_they_hold(path):
    assert not saying_nothing(path.read_text())


def test_a_name_that_says_nothing_is_seen():
    assert saying_nothing("for one in found:\n    lambda told: told") == ["line 1: one", "line 2: told"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_models_are_shorter(path):
    assert not too_long(path.read_text(), LINES_OF_MODEL)


def test_what_is_too_long_is_seen():
    def function(lines: int) -> str:
        return "def work():\n" + "    pass\n" * (lines - 1)

    assert too_long(function(40)) == []
    assert too_long(f"class A:\n    async {function(41).replace('    ', '        ')}") == ["work: 41 lines, at most 40"]
    assert too_long("# a comment\n" * 301) == ["the file: 301 lines, at most 300"]
    assert too_long("# a comment\n" * 121, LINES_OF_MODEL) == ["the file: 121 lines, at most 120"]


def test_branches_are_counted_without_exceptions():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert {"C90", "PL"} <= {*rules["select"]}
    assert rules["mccabe"] == {"max-complexity": 15}
    excepted = [*rules["ignore"], *(rule for rules in rules["per-file-ignores"].values() for rule in rules)]
    assert not [rule for rule in excepted if rule.startswith(("C9", "PLR091")) and rule not in {"PLR0913", "PLR0917"}]
    silenced = [
        path
        for path in FILES
        if path != Path(__file__) and any(rule in path.read_text() for rule in ("noqa: C901", "noqa: PLR0912"))
    ]
    assert not silenced


def test_no_two_test_files_have_one_name():
    """Folders of tests are no packages: the second of a name is an error where all are collected, and only there."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def names_twice(files: Iterable[Path]) -> dict[str, list[str]]:
    """Modules of one name, with where they are; files that stand for their folder have no name of their own."""
    places: dict[str, list[str]] = {}
    for path in sorted(files):
        if not path.name.startswith("__") and path.name != "conftest.py":
            places.setdefault(path.stem, []).append(str(path.relative_to(ROOT)))
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_module_name_stands_for_two_things():
    """A module's name is said without its room, so it stands for one thing in the whole of parabench/.

    The files of workloads/ count, too: users select them by name. A room and a module share a name in two cases only:
    a verb in cli/ is named as the room that it calls, and the first module of a room as the room.
    """
    package = ROOT / "parabench"
    assert names_twice([*package.rglob("*.py"), *(ROOT / "workloads").glob("*.py")]) == {}
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    named_as_rooms = {path for room in rooms for path in package.rglob(f"{room}.py")}
    allowed = {package / place / f"{room}.py" for room in rooms for place in ("cli", room)}
    assert sorted(named_as_rooms - allowed) == []


def test_a_name_given_twice_is_seen():
    race, other = ROOT / "parabench/analyse/race.py", ROOT / "parabench/advise/race.py"
    dunder = [ROOT / "parabench/advise/__init__.py", ROOT / "parabench/analyse/__init__.py"]
    assert names_twice([race, other, *dunder]) == {"race": ["parabench/advise/race.py", "parabench/analyse/race.py"]}
    assert names_twice([race, *dunder]) == {}
