"""News of changes: files that can stand in the changelog as they are, gathered at a release."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("gather_changes", CHECKOUT / "changes" / "gather.py")
assert SPEC is not None
assert SPEC.loader is not None
gather = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gather)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("# How\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0.dev0"  # one place\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (unreleased)\n\n## 0.1.0 (2026-01-01)\n\n- Old.\n")
    return tmp_path


def test_news_can_stand_in_the_changelog_as_they_are() -> None:
    assert [problem for path in gather.fragments(CHECKOUT) for problem in gather.problems(path)] == []


def test_versions_of_the_changelog_are_dated_newest_first_and_only_the_next_one_is_open() -> None:
    headings = re.findall(r"^## (.*)$", (CHECKOUT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((unreleased|\d{4}-\d\d-\d\d)\)", heading) for heading in headings]
    assert None not in found, headings
    versions = [tuple(map(int, one.groups()[:3])) for one in found if one]
    assert versions == sorted(versions, reverse=True)
    assert "unreleased" not in " ".join(headings[1:])


def test_the_version_of_the_project_is_the_newest_one_of_the_changelog() -> None:
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    heading = re.search(r"^## (.*)$", (CHECKOUT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert heading is not None
    newest, state = heading[1].split()
    expected = f"{newest}.dev0" if state == "(unreleased)" else newest
    assert version == expected, f"CHANGELOG.md begins with '{heading[1]}', so pyproject.toml has to say {expected}"


def test_a_release_gathers_the_files_under_its_version_and_removes_them(checkout: Path) -> None:
    (checkout / "changes" / "two.md").write_text("- Second,\n  on two lines.\n")
    (checkout / "changes" / "one.md").write_text("- First.\n")
    assert gather.gather(checkout, "2026-02-03") == "0.2.0"
    assert (checkout / "pyproject.toml").read_text() == '[project]\nversion = "0.2.0"  # one place\n'
    news = "- First.\n- Second,\n  on two lines.\n"
    expected = f"# Changelog\n\n## 0.2.0 (2026-02-03)\n\n{news}\n## 0.1.0 (2026-01-01)\n\n- Old.\n"
    assert (checkout / "CHANGELOG.md").read_text() == expected
    assert [path.name for path in (checkout / "changes").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("name", "text", "version", "said"),
    [
        ("One.md", "- First.\n", "0.2.0.dev0", "One.md: its name is not in lower case with hyphens"),
        ("one.md", "First.\n", "0.2.0.dev0", "one.md: it does not begin with a bullet"),
        (
            "one.md",
            "- First.\n\n- Second.\n",
            "0.2.0.dev0",
            "one.md:2: neither a bullet nor the indented rest of one",
        ),
        ("one.md", "- First.\n", "0.2.0", "pyproject.toml has 0.2.0, which is not at work: open the next one"),
        ("one.md", "- First.\n", "0.3.0.dev0", "CHANGELOG.md has no line '## 0.3.0 (unreleased)'"),
    ],
)
def test_what_cannot_be_gathered_is_said_and_nothing_is_changed(
    checkout: Path, name: str, text: str, version: str, said: str
) -> None:
    (checkout / "changes" / name).write_text(text)
    (checkout / "pyproject.toml").write_text(f'version = "{version}"\n')
    files = [checkout / "CHANGELOG.md", checkout / "pyproject.toml"]
    before = [file.read_text() for file in files]
    with pytest.raises(ValueError, match=re.escape(said)):
        gather.gather(checkout, "2026-02-03")
    assert [file.read_text() for file in files] == before
    assert (checkout / "changes" / name).exists()
