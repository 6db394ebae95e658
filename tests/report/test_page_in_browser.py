"""The page as people meet it: in real browsers, by keyboard, on a phone, in the dark, on paper, with hostile names.

Two engines, as the system's packages have them, are started once each. Screenshots are kept in build/browser/ to be
looked at.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opened import DESK, PHONE, Opened, keep_picture, need, say_when_it_is_there
from page_sessions import with_history, write_sessions

from parabench.report.page import serve
from parabench.report.page.data import report_of
from parabench.report.page.packing import packed_series, unpacked_series
from parabench.report.page.render import write_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
pytest.importorskip("jinja2")
COMMANDS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "firefox": ("firefox-esr", "firefox")}
pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
HOSTILE = "<script>alert('fetch')</script><img src=x onerror=alert(2)>\"\u202e"


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
def points() -> list[list[float]]:
    """The history of 240 cells over 1,000 sessions, with the noise that packs badly; one measurement is missing."""
    source = random.Random(1)
    rows = [[10 ** (row % 7 - 5) * source.lognormvariate(0, 0.05) for _ in range(1000)] for row in range(240)]
    rows[3][7] = math.nan
    return rows


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, points: list[list[float]]) -> dict[str, Path]:
    """Pages by what they are made of: real sessions, many made up, 240,000 points, and names of who means harm."""
    made = tmp_path_factory.mktemp("pages")
    many = ("3.11", "3.13", "3.13t", "3.14", "3.15")
    write_sessions(made / "many", interpreters=many, sessions=200, models=("sequential", "mp-pool"), slower_from=120)
    write_sessions(made / "hostile", workloads=(HOSTILE, "count-primes"), sessions=4)
    folders = {"real": ROOT / "results", "many": made / "many", "hostile": made / "hostile"}
    reports = {name: report_of(folder) for name, folder in folders.items()}
    reports["large"] = with_history(reports["real"], points)
    return {name: write_page(report, made / f"{name}.html") for name, report in reports.items()}


@pytest.mark.parametrize(("name", "scheme"), [("real", "light"), ("real", "dark"), ("many", "light")])
def test_it_opens_by_itself_and_axe_finds_nothing(browser, pages, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for viewport in (DESK, PHONE) if name == "real" else (DESK,):
        with Opened(browser, pages[name], viewport=viewport, color_scheme=scheme) as page:
            need(page, f"(prefers-color-scheme: {scheme})")
            found = axe.Axe().run(page).response["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
        keep_picture(browser, pages[name], f"{name}-{viewport['width']}-{scheme}", viewport, scheme)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_screen_shows_all_answers_and_no_page_is_wider_than_it(browser, pages, viewport):
    with Opened(browser, pages["real"], viewport=viewport) as page:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= viewport["width"]
        rows = page.locator(".panel:not([hidden]) .use tbody tr")
        for part in ("th", ".use", ".speed", ".sure"):
            last = rows.last.locator(part).first.bounding_box()
            assert last["y"] + last["height"] <= viewport["height"], f"{part} of every workload, without scrolling"
            assert last["x"] + last["width"] <= viewport["width"]
            assert rows.first.locator(part).first.is_visible()
        codes = page.locator(".panel:not([hidden]) p code")
        lines = [code.evaluate("(code) => code.getClientRects().length") for code in codes.all()]
        assert {*lines} == {1}, "an option is not broken between its hyphens"


def test_a_phone_scrolls_the_heat_map_beside_its_first_column(browser, pages):
    with Opened(browser, pages["real"], viewport=PHONE) as page:
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


def test_240_000_points_fit_and_come_back(browser, pages, points):
    path = pages["large"]
    assert path.stat().st_size < 3e6
    with Opened(browser, path) as page:
        numbers = page.evaluate("[...ready.values()][0].numbers.map((row) => [row[0], row[7], row[999]])")
        assert page.evaluate("document.querySelectorAll('.panel:not([hidden]) .pictures circle').length") > 5_000
    for row, (first, seventh, last) in zip(points, numbers, strict=True):
        assert (first, last) == pytest.approx((row[0], row[999]), rel=6e-4)
        assert (seventh is None or math.isnan(seventh)) == math.isnan(row[7])
    back = unpacked_series(packed_series(points), [1000] * 240)
    assert back[5][:3] == pytest.approx(points[5][:3], rel=6e-4)


@pytest.mark.parametrize("name", ["real", "many", "large"])
def test_when_a_page_is_there_is_said(browser, pages, name):
    """Times are printed and not judged: docs/how-to/report.md has those of a quiet machine."""
    say_when_it_is_there(browser, pages[name], name)


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
