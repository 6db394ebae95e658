"""The pages of docs/ as a site: built strictly, every link leads somewhere, every page begins with what it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
#: Whether these are GitHub's, in pages that are read there as well.
WEB = ("http://", "https://", "mailto:")


class Links(HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names |= {value for key in ("id", "name") if (value := given.get(key))}
        target = given.get("href" if tag in ("a", "link") else "src")
        if target:
            self.targets.append(target)


def in_navigation(entries: list[dict[str, object]]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        for value in entry.values():
            found += [value] if isinstance(value, str) else in_navigation(value)
    return found


def broken_links(site: Path) -> list[str]:
    """Links of the built pages, and of pages within them, that lead nowhere; the web is not asked."""
    pages = {path.resolve(): Links(path.read_text()) for path in site.rglob("*.html")}
    found = []
    for path, links in pages.items():
        if path.name == "404.html":
            continue  # its links are made for any depth
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = there / "index.html" if there.is_dir() else there
            named = there in pages and unquote(parts.fragment) in pages[there].names
            if not there.exists() or (parts.fragment and not named and not parts.fragment.startswith("__")):
                found.append(f"{path.relative_to(site.resolve())}: {target}")
    return found


def test_every_page_is_in_the_navigation_once():
    there = [str(path.relative_to(ROOT / "docs")) for path in PAGES]
    assert sorted(in_navigation(CONFIG["nav"])) == there, "put a new page into `nav` of zensical.toml"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT / "docs")))
def test_links_between_pages_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(WEB):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


#: How a page begins: for whom it is, or what it is about.
PURPOSE = re.compile(r"For (?:whoever|developers) |(?:This page|These pages) (?:is|are|explains|lists|says|takes) ")


def first_paragraph(text: str) -> str:
    """What stands behind the title, in one line."""
    after_title = re.split(r"^# .+\n+", text, maxsplit=1, flags=re.MULTILINE)[1]
    return " ".join(after_title.split("\n\n")[0].split())


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_page_begins_with_what_it_is_for(page):
    told = first_paragraph(page.read_text())
    assert PURPOSE.match(told), f"say first for whom or about what the page is, not: {told}"
    assert re.search(r"[.?:]$", told), f"that is no sentence: {told}"


def test_a_page_that_begins_otherwise_is_seen():
    assert first_paragraph("<!-- x -->\n\n# Title\n\nHello\nthere.\n\nMore.\n") == "Hello there."
    assert not PURPOSE.match("parabench is fast.")


@pytest.mark.docs
def test_the_site_is_built_strictly_and_every_link_leads_somewhere(tmp_path):
    pytest.importorskip("zensical", reason="zensical is not installed: pip install -e '.[docs]'")
    for name in ("docs", "zensical.toml"):
        source = ROOT / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "site" / "tutorial.html").is_file()
    assert broken_links(tmp_path / "site") == []


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#no">x</a><a href="c.html">y</a><a href="b.html#yes">z</a>')
    (tmp_path / "b.html").write_text('<h2 id="yes">x</h2><a href="https://example.org/none">w</a>')
    assert broken_links(tmp_path) == ["a.html: b.html#no", "a.html: c.html"]
