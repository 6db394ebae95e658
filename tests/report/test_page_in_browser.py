"""The page as people meet it: in real browsers, by keyboard, on a phone, in the dark, on paper, with hostile names.

Two engines, as the system's packages have them, are started once each. Screenshots are kept in build/browser/ to be
looked at.
"""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_sessions import write_sessions

from parabench.report.page import serve
from parabench.report.page.data import Report, report_of
from parabench.report.page.packing import packed_series, unpacked_series
from parabench.report.page.render import write_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
pytest.importorskip("jinja2")
COMMANDS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "firefox": ("firefox-esr", "firefox")}
pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "browser"
HOSTILE = "<script>alert('fetch')</script><img src=x onerror=alert(2)>\"\u202e"
DESK, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module", params=COMMANDS)
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A browser of each engine. Firefox is spoken to by WebDriver BiDi, because Debian's is not playwright's own."""
    engine = request.param
    path = next(filter(None, map(shutil.which, COMMANDS[engine])), None)
    if path is None:
        pytest.skip(f"there is no {engine} on PATH: apt-get install {COMMANDS[engine][0]}")
    how: dict[str, Any] = {"args": ["--no-sandbox"]} if engine == "chromium" else {"channel": "moz-firefox"}
    with sync_api.sync_playwright() as playwright:
        started = getattr(playwright, engine).launch(executable_path=path, **how)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by what they are made of: real sessions, many made up, and names of somebody who means harm."""
    made = tmp_path_factory.mktemp("pages")
    many = ("3.11", "3.13", "3.13t", "3.14", "3.15")
    write_sessions(made / "many", interpreters=many, sessions=200, models=("sequential", "mp-pool"), slower_from=120)
    write_sessions(made / "hostile", workloads=(HOSTILE, "count-primes"), sessions=4)
    folders = {"real": ROOT / "results", "many": made / "many", "hostile": made / "hostile"}
    return {name: write_page(report_of(folder), made / f"{name}.html") for name, folder in folders.items()}


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


@pytest.mark.parametrize(("name", "scheme"), [("real", "light"), ("real", "dark"), ("many", "light")])
def test_it_opens_by_itself_and_axe_finds_nothing(browser, pages, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for viewport in (DESK, PHONE) if (name, scheme) == ("real", "light") else (DESK,):
        with Opened(browser, pages[name], viewport=viewport, color_scheme=scheme) as page:
            need(page, f"(prefers-color-scheme: {scheme})")
            seconds = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
            print(f"{name}: {pages[name].stat().st_size / 1e3:.0f} kB, loaded after {seconds:.2f} s")
            found = axe.Axe().run(page).response["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
        keep_picture(browser, pages[name], f"{name}-{viewport['width']}-{scheme}", viewport, scheme)


def test_a_phone_shows_all_answers_and_no_page_is_wider_than_its_screen(browser, pages):
    with Opened(browser, pages["real"], viewport=PHONE) as page:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
        seen = page.locator(".panel:not([hidden]) .use tbody tr")
        last = seen.last.bounding_box()
        assert last["y"] + last["height"] <= PHONE["height"], "what to use, without scrolling"
        for part in ("th", ".use", ".speed", ".sure"):
            assert seen.first.locator(part).first.is_visible()
        head = page.locator(".panel:not([hidden]) .heat tbody th").first
        before = head.bounding_box()["x"]
        page.evaluate("document.querySelector('.panel:not([hidden]) .heat').parentElement.scrollLeft = 60")
        assert head.bounding_box()["x"] == pytest.approx(before), "the first column stays"


def test_filters_live_in_the_address(browser, pages):
    with Opened(browser, pages["many"], "#interpreter=3.14&workload=fetch-pages") as page:
        panel = page.locator(".panel:not([hidden])")
        assert panel.get_attribute("data-interpreter") == "3.14"
        assert panel.locator(".use tbody tr:visible th").all_inner_texts() == ["fetch-pages\nnetwork work"]
        page.focus("#filter-workload")
        page.select_option("#filter-workload", "count-primes")
        page.wait_for_function("location.hash.includes('workload=count-primes')")
        assert panel.locator(".use tbody tr:visible th").all_inner_texts() == ["count-primes\npure Python"]
        assert page.evaluate("document.activeElement.id") == "filter-workload", "the keyboard stays where it was"
        page.select_option("#filter-interpreter", "3.13t")
        page.wait_for_selector(".panel[data-interpreter='3.13t']:not([hidden]) figure")
        page.select_option("#filter-model", "mp-pool")
        heads = page.locator(".panel:not([hidden]) .heat th[data-model]:visible")
        assert heads.all_inner_texts() == ["sequential", "mp-pool"]


def test_computers_with_the_same_interpreter_are_told_apart(browser, tmp_path):
    write_sessions(tmp_path, sessions=1, workloads=("count-primes",))
    (path,) = tmp_path.glob("*/*.json")
    session = json.loads(path.read_text())
    session["parabench"] |= {"machine_id": "Other"}
    session["parabench"]["fingerprint"]["cpu"] = "Another CPU"
    (tmp_path / "Other").mkdir()
    (tmp_path / "Other" / path.name).write_text(json.dumps(session))
    with Opened(browser, write_page(report_of(tmp_path), tmp_path / "report.html")) as page:
        page.select_option("#filter-machine", "Other")
        assert page.locator(".panel:not([hidden])").get_attribute("data-machine") == "Other"
        assert page.evaluate("location.hash") == "#machine=Other"


def test_the_keyboard_reaches_all_that_hover_shows(browser, pages):
    with Opened(browser, pages["real"]) as page:
        frame = page.locator(".panel:not([hidden]) .frame").first
        figure = page.locator(".panel:not([hidden]) figure").first
        mark = figure.locator("rect[aria-label]").nth(3)
        mark.hover()
        told = figure.locator(".tip").inner_text()
        assert "lane" in told
        page.mouse.move(0, 0)
        assert not figure.locator(".tip").is_visible()
        frame.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        assert figure.locator(".tip").inner_text() == told
        assert figure.locator(".said").text_content() == told, "screen readers are told, too"
        page.keyboard.press("Escape")
        assert not figure.locator(".tip").is_visible()
        table = page.locator(".panel:not([hidden]) .scroll").nth(1)
        table.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert table.locator(".tip").inner_text().startswith("count-primes: thread-pool")
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
        assert {"frame", "scroll", "SELECT"} <= reached


def test_names_are_text_whoever_wrote_them(browser, pages):
    with Opened(browser, pages["hostile"]) as page:
        names = page.locator(".panel:not([hidden]) .use tbody th").all_inner_texts()
        assert any("<script>alert('fetch')</script><img src=x onerror=alert(2)>\"\\u202e" in name for name in names)
        assert page.locator("img").count() == 0


def test_on_paper_and_without_motion(browser, pages):
    with Opened(browser, pages["real"], reduced_motion="reduce") as page:
        need(page, "(prefers-reduced-motion: reduce)")
        assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).transitionDuration") == "0s"
        page.emulate_media(media="print")
        assert not page.locator("#filters").is_visible()
        assert page.locator(".panel:not([hidden]) table.use").is_visible()


def test_240_000_points_fit_and_come_back(browser, pages, tmp_path):
    report = report_of(ROOT / "results")
    pictures = dict(report.pictures[0])
    rows = [[(1 + 0.1 * math.sin(n / 9 + row)) * 10 ** (row % 7 - 5) for n in range(1000)] for row in range(240)]
    rows[3][7] = math.nan
    pictures["history"] = {
        "sessions": [{"t": n, "number": n, "commit": f"c{n // 50}", "tags": []} for n in range(1000)],
        "cells": [
            {
                "workload": "w",
                "model": "m",
                "label": f"m x{n}",
                "name": f"cell-{n}",
                "recommended": n < 10,
                "changes": [],
            }
            for n in range(240)
        ],
        "packed": packed_series(rows),
    }
    path = write_page(Report(data=report.data, pictures=[pictures, *report.pictures[1:]]), tmp_path / "large.html")
    print(f"240,000 points: {path.stat().st_size / 1e6:.2f} MB")
    assert path.stat().st_size < 3e6
    with Opened(browser, path) as page:
        numbers = page.evaluate("[...ready.values()][0].numbers.map((row) => [row[0], row[7], row[999]])")
        assert page.evaluate("document.querySelectorAll('.panel:not([hidden]) .pictures circle').length") > 5_000
    for row, (first, seventh, last) in zip(rows, numbers, strict=True):
        assert (first, last) == pytest.approx((row[0], row[999]), rel=6e-4)
        assert (seventh is None or math.isnan(seventh)) == math.isnan(row[7])
    back = unpacked_series(pictures["history"]["packed"], [1000] * 240)
    assert back[5][:3] == pytest.approx(rows[5][:3], rel=6e-4)


def test_a_served_page_shows_a_new_session_by_itself_and_keeps_its_filters(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "SECONDS_BETWEEN", 0.2)
    write_sessions(tmp_path, sessions=1)
    with serve.serving(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        context = browser.new_context(viewport=DESK)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/#workload=fetch-pages")
        page.wait_for_selector("text=1 session of this machine", timeout=20_000)
        write_sessions(tmp_path, sessions=2)
        page.wait_for_selector("text=2 sessions of this machine", timeout=20_000)
        page.wait_for_selector("html[data-drawn]", timeout=20_000)
        assert page.locator(".use tbody tr:visible").count() == 1
        context.close()
        server.shutdown()
    assert [text for text in said if "favicon" not in text and "404" not in text] == []
