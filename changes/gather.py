"""Release what pyproject.toml is at work on: python changes/gather.py.

`version = "0.2.0.dev0"` there becomes "0.2.0", and the news of changes/*.md move into CHANGELOG.md under that version.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def fragments(checkout: Path) -> list[Path]:
    """The files with news, by name."""
    return sorted(path for path in (checkout / "changes").glob("*.md") if path.name != "README.md")


def problems(path: Path) -> list[str]:
    """What keeps a file from standing in a changelog as it is."""
    found = []
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.md", path.name):
        found.append(f"{path.name}: its name is not in lower case with hyphens")
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("- "):
        found.append(f"{path.name}: it does not begin with a bullet, '- '")
    found += [
        f"{path.name}:{number}: neither a bullet nor the indented rest of one: {line!r}"
        for number, line in enumerate(lines, 1)
        if not re.match(r"(- |  )\S", line)
    ]
    return found


def gathered(changelog: str, news: list[str], version: str, date: str) -> str:
    """The changelog with the news under this version. Raises ValueError if it has no place for it."""
    opened = f"## {version} (unreleased)\n"
    if opened not in changelog:
        raise ValueError(f"CHANGELOG.md has no line '{opened.strip()}': write it above the version before")
    return changelog.replace(
        opened, f"## {version} ({date})\n\n" + "\n".join(text.strip("\n") for text in news) + "\n", 1
    )


def released(project: str) -> tuple[str, str]:
    """The text of pyproject.toml as released, and the version. Raises ValueError if it is not at work on one."""
    found = re.search(r'^version = "(\d+\.\d+\.\d+)(\.dev0)?"', project, flags=re.MULTILINE)
    if found is None or found[2] is None:
        version = found[1] if found else "no version"
        raise ValueError(f"pyproject.toml has {version}, which is not at work: open the next one, such as 0.3.0.dev0")
    return project[: found.start(2)] + project[found.end(2) :], found[1]


def gather(checkout: Path, date: str) -> str:
    """Rewrite both, remove the news, return the version. Raises ValueError, with nothing changed, if one is wrong."""
    files = fragments(checkout)
    if wrong := [problem for path in files for problem in problems(path)]:
        raise ValueError("\n".join(wrong))
    path, project = checkout / "CHANGELOG.md", checkout / "pyproject.toml"
    news = [one.read_text(encoding="utf-8") for one in files]
    text, version = released(project.read_text(encoding="utf-8"))
    path.write_text(gathered(path.read_text(encoding="utf-8"), news, version, date), encoding="utf-8")
    project.write_text(text, encoding="utf-8")
    for one in files:
        one.unlink()
    return version


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    try:
        version = gather(CHECKOUT, datetime.now(UTC).date().isoformat())
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.write(f"now: git commit, git tag v{version}, and open the next version as CONTRIBUTING says\n")
