"""Folders of tests/ are the rooms of parabench/, or say which rooms they cover."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {path.parent.name for path in (ROOT / "parabench").glob("*/__init__.py")}
FOLDERS = sorted(
    {path.parents[-2].name for path in (p.relative_to(ROOT / "tests") for p in (ROOT / "tests").glob("*/**/test_*.py"))}
)
#: Not a room: the work that this repository measures.
WORK = {"workloads"}


def rooms_said(folder: Path) -> set[str]:
    """Rooms on the lines `Rooms: run, cli.` in the docstrings of a folder's tests and of its conftest.py."""
    found = set()
    for path in (*folder.glob("test_*.py"), *folder.glob("conftest.py")):
        for line in re.findall(r"^Rooms: (.+)\.$", ast.get_docstring(ast.parse(path.read_text())) or "", re.MULTILINE):
            found |= {*line.split(", ")}
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_a_room_or_says_what_it_covers(folder):
    said = rooms_said(ROOT / "tests" / folder)
    assert said <= ROOMS, "rooms that there are"
    assert said or folder in ROOMS | WORK


def test_every_room_is_covered():
    said = set().union(*(rooms_said(ROOT / "tests" / folder) for folder in FOLDERS))
    assert sorted(ROOMS - {*FOLDERS} - said) == []


def test_what_is_not_said_is_seen(tmp_path):
    (tmp_path / "test_some.py").write_text('"""Faults.\n\nRooms: measure, history.\n"""\n')
    assert rooms_said(tmp_path) == {"measure", "history"}
    (tmp_path / "test_some.py").write_text('"""Faults in rooms: many."""\n')
    assert rooms_said(tmp_path) == set()
