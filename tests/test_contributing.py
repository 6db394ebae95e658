"""What CONTRIBUTING.md, docs/extending.md and docs/design.md name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

from parabench.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = ("CONTRIBUTING.md", "docs/extending.md", "docs/design.md")
FOLDERS = r"(?:parabench|workloads|benchmarks|tests|docs|results|studies|changes|\.ci)"
#: Files that a reader is told to make.
MADE = {"workloads/letters.py", "parabench/models/thread_halves.py", "parabench/cli/machines.py"}


def paths_in(text: str) -> set[str]:
    """Paths below one of our folders, and files at the top with the endings that they have."""
    below = re.findall(rf"(?<![\w./<-])({FOLDERS}/[\w./-]*[\w/])", text)
    top = re.findall(r"(?<![\w./<-])([\w-]+\.(?:md|toml|ini|py))(?![\w/])", text)
    return {path.rstrip("/") for path in [*below, *top]}


def shell_lines(text: str) -> list[str]:
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^    (.+)$", without_code, flags=re.MULTILINE)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def markers() -> set[str]:
    own = re.findall(r"^    (\w+):", (ROOT / "pytest.ini").read_text(), flags=re.MULTILINE)
    return {*own, "cpu", "custom"}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page):
    named = paths_in((ROOT / page).read_text()) - MADE
    places = (
        ROOT,
        ROOT / "docs",
        ROOT / "parabench",
        *(room for room in (ROOT / "parabench").iterdir() if room.is_dir()),
    )
    missing = {path for path in named if not any((place / path).exists() for place in places)}
    assert not missing
    assert named


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/extending.md"])
def test_every_command_exists(page):
    lines = shell_lines((ROOT / page).read_text())
    assert lines
    for line in lines:
        command, *arguments = line.split("#")[0].split()
        if command == "make":
            assert {argument for argument in arguments if re.fullmatch(r"[a-z]+", argument)} & targets(), line
        elif command == "parabench":
            assert arguments[0] in {*cli.list_commands(click.Context(cli)), "machines"}, line
        elif command == "python":
            assert (ROOT / arguments[0]).exists(), line
        elif command.startswith(".ci/"):
            assert (ROOT / command).exists(), line
        else:
            assert command in {"pytest", "tox"}, f"nobody looks whether this exists: {line}"
        for marker in re.findall(r'-m "?(\w+)', line):
            assert marker in markers(), line


def test_what_does_not_exist_is_seen():
    text = "`parabench/errors.py` and parabench/task.py, see [workloads](docs/workloads.md) and CHANGELOG.md.\n"
    assert paths_in(text) == {"parabench/errors.py", "parabench/task.py", "docs/workloads.md", "CHANGELOG.md"}
    assert not (ROOT / "parabench/errors.py").exists()


def test_the_design_lists_the_layers_of_the_contract():
    """One line a layer, from those who know all to those who know nothing."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    design = (ROOT / "docs/design.md").read_text()
    table = re.search(r"^\| layer \|.*\n\|[-|]+\n((?:\|.*\n)+)", design, flags=re.MULTILINE)
    assert table is not None
    cells = [row.split("|")[1].strip() for row in table[1].splitlines()]
    assert [", ".join(f"`{name}`" for name in layer.split(" | ")) for layer in layers] == cells


def test_the_design_names_every_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    design = (ROOT / "docs/design.md").read_text()
    assert [contract["name"] for contract in contracts if f"- {contract['name']}" not in design] == []


def test_every_long_study_is_listed():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    programs = [path for kind in ("study", "fuzz", "run") for path in (ROOT / "tests").rglob(f"{kind}_*.py")]
    assert programs
    assert not [path.name for path in programs if f"python {path.relative_to(ROOT)}" not in text]
