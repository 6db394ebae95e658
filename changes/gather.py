"""Move the news of changes/*.md into CHANGELOG.md, under the version that is given: python changes/gather.py 0.2.0."""

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


def gather(checkout: Path, version: str, date: str) -> None:
    """Rewrite CHANGELOG.md and remove the files. Raises ValueError, with nothing changed, if one cannot be taken."""
    files = fragments(checkout)
    if wrong := [problem for path in files for problem in problems(path)]:
        raise ValueError("\n".join(wrong))
    path = checkout / "CHANGELOG.md"
    news = [one.read_text(encoding="utf-8") for one in files]
    path.write_text(gathered(path.read_text(encoding="utf-8"), news, version, date), encoding="utf-8")
    for one in files:
        one.unlink()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        gather(CHECKOUT, sys.argv[1], datetime.now(UTC).date().isoformat())
    except ValueError as error:
        sys.exit(str(error))
