"""The programs of the tutorial and the how-tos are programs, and the tutorial's workload is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parabench.session.discovery import find_workloads

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


def programs(page: Path) -> list[str]:
    found = re.findall(r"^( *)```python\n(.*?)^ *```", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_programs_are_python(page):
    for text in programs(page):
        compile(text, page.name, "exec")


def test_the_workload_of_the_tutorial_is_found_and_works(tmp_path, monkeypatch):
    found = [re.match(r"# ((?:workloads|benchmarks)/\w+\.py)\n", text) for text in programs(DOCS / "tutorial.md")]
    files = {name[1]: name.string for name in found if name}
    assert [*files] == ["workloads/repositories.py", "benchmarks/test_mine.py"]
    folder = tmp_path / "work_of_the_tutorial"  # the name `workloads` is taken by this project's own
    folder.mkdir()
    (folder / "repositories.py").write_text(files["workloads/repositories.py"])
    monkeypatch.syspath_prepend(tmp_path)
    (workload,) = find_workloads(folder).values()
    assert (workload.name, workload.kind) == ("repositories", "network")
    assert "mark.network" in files["benchmarks/test_mine.py"], "its kind is that of the experiment"
    assert "parabench bench --workloads repositories" in (DOCS / "tutorial.md").read_text()
    assert workload.task("ada")[0] == "ada-project-0"
