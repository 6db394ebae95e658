"""A page in a window of a browser: what it asks for and complains of, a picture of it, and how soon it is there."""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from typing import Any

import pytest

SHOTS = Path(__file__).parents[2] / "build" / "browser"
DESK, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 844}
#: How often a page is opened to be timed: `PARABENCH_LOADS=5` gives the figures of docs/how-to/report.md.
LOADS = int(os.environ.get("PARABENCH_LOADS", "1"))
#: Kept by the browser itself: asking from outside would add the messages. The frame after is the one that is seen.
WATCH = """
new MutationObserver((changes, observer) => {
  if (!document.documentElement?.dataset.drawn) return;
  observer.disconnect();
  const drawn = performance.now();
  requestAnimationFrame(() => setTimeout(() => {
    Object.assign(document.documentElement.dataset, { drawnAt: drawn, seenAt: performance.now() });
  }));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
"""


class Opened:
    """A page in a window of its own, with all that it asked for or complained of."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", **given: Any) -> None:
        self.context = browser.new_context(viewport=given.pop("viewport", DESK), **given)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()
        self.page.goto(f"{self.address}{fragment}")
        self.page.wait_for_selector("html[data-drawn]", timeout=20_000)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_: object) -> None:
        said, requests = self.said, self.requests
        self.context.close()
        assert said == []
        # Firefox reports no request for a file, and Chromium none of the fragment.
        assert [url.split("#")[0] for url in requests] in ([self.address], []), "the file itself and nothing else"


def need(page: Any, media: str) -> None:
    """Go on only where this browser, told to be so from outside, is. Firefox ESR 153 has no command for that yet."""
    if not page.evaluate(f"matchMedia('{media}').matches"):
        pytest.skip(f"this browser cannot be told from outside to be {media}")


def keep_picture(browser: Any, path: Path, name: str, viewport: dict[str, int], scheme: str) -> None:
    """In a window that nobody listens to: playwright adds a style for pictures, and the page's policy forbids it."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with browser.new_context(viewport=viewport, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", timeout=20_000)
        page.screenshot(path=SHOTS / f"{name}-{browser.browser_type.name}.png", full_page=True)


def say_when_it_is_there(browser: Any, path: Path, name: str) -> None:
    """Print the milliseconds from the start of navigation until the page is drawn, and until that is on the screen."""
    drawn, seen = [], []
    for _ in range(LOADS):
        with browser.new_context(viewport=DESK) as context:
            page = context.new_page()
            page.add_init_script(WATCH)
            page.goto(path.as_uri())
            html = page.wait_for_selector("html[data-seen-at]", timeout=20_000)
            drawn.append(float(html.get_attribute("data-drawn-at")))
            seen.append(float(html.get_attribute("data-seen-at")))
    engine, megabytes = browser.browser_type.name, path.stat().st_size / 1e6
    print(f"\n{name} ({megabytes:.2f} MB), {engine}: drawn after {_spread(drawn)}, seen after {_spread(seen)}")


def _spread(milliseconds: list[float]) -> str:
    middle, least, most = statistics.median(milliseconds), min(milliseconds), max(milliseconds)
    return f"{middle:.0f} ms (n = {len(milliseconds)}, {least:.0f} to {most:.0f})"
