"""What real browsers make of the page's pictures and tables: labels that stand apart, greys, filters, tips."""

from __future__ import annotations

import json
import re
import shlex
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from opened import DESK, PHONE, Opened, keep_picture, need
from page_sessions import leave_out, write_sessions
from test_page_in_browser import ROOT, browser

from parabench.cli.export import export_command
from parabench.history.journal import Journal
from parabench.report.page import serve
from parabench.report.page.data import report_of
from parabench.report.page.render import write_page

__all__ = ["browser"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sessions in results/."""
    return write_page(report_of(ROOT / "results"), tmp_path_factory.mktemp("real") / "report.html")


#: Of every axis in sight: which one it is, what its ticks say, and which pairs of them are printed over each other.
AXES = """() => [...document.querySelectorAll('.panel:not([hidden]) figure')].flatMap((figure) =>
  [...figure.querySelectorAll('[aria-label$="tick label"]')].map((axis) => {
    const texts = [...axis.querySelectorAll('text')].filter((text) => text.textContent);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return {
      name: `${figure.querySelector('b').textContent} ${axis.getAttribute('aria-label')}`,
      told: texts.map((text) => text.textContent),
      collide: texts.flatMap((text, n) => texts.slice(0, n).filter((_, m) => over(boxes[m], boxes[n]))
        .map((other) => `${other.textContent} ${text.textContent}`)),
    };
  }))"""


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_labels_of_an_axis_stand_apart_and_are_at_least_two(browser, real, viewport):
    with Opened(browser, real, viewport=viewport) as page:
        for interpreter in page.locator("#filter-interpreter option").all_inner_texts():
            page.select_option("#filter-interpreter", interpreter)
            page.wait_for_selector(f".panel[data-interpreter='{interpreter}']:not([hidden]) figure")
            view = ".panel:not([hidden]) .pictures h2 select"
            for workload in page.locator(f"{view} option").all_inner_texts():
                page.select_option(view, workload)
                axes = page.evaluate(AXES)
                where = f"{workload} on {interpreter}"
                assert {one["name"]: one["collide"] for one in axes if one["collide"]} == {}, where
                numbers = {one["name"]: one["told"] for one in axes if all(told[0].isdigit() for told in one["told"])}
                assert [name for name, told in numbers.items() if len(set(told)) < 2] == [], f"{where}: {numbers}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_where_nothing_ran_the_table_is_grey_and_says_why(browser, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    write_sessions(tmp_path, sessions=1)
    leave_out(tmp_path, 4, "needs Python 3.14 or newer")
    path = write_page(report_of(tmp_path), tmp_path / "report.html")
    with Opened(browser, path, color_scheme=scheme) as page:
        need(page, f"(prefers-color-scheme: {scheme})")
        (hole,) = page.locator("td.h.none").all()
        assert hole.inner_text() == "-1"
        assert page.locator(".reasons li").all_inner_texts() == ["needs Python 3.14 or newer"]
        ground = "(cell) => getComputedStyle(cell).backgroundColor"
        red, green, blue = map(int, re.findall(r"\d+", hole.evaluate(ground))[:3])
        assert max(red, green, blue) - min(red, green, blue) < 25, "a grey"
        others = {page.locator("td.h.z0").first.evaluate(ground), page.locator("body").evaluate(ground)}
        assert hole.evaluate(ground) not in {*others, "rgba(0, 0, 0, 0)"}
        assert [one["id"] for one in axe.Axe().run(page).response["violations"]] == []
    keep_picture(browser, path, f"holes-1200-{scheme}", DESK, scheme)


def test_the_arrow_keys_reach_the_label_of_a_sparkline(browser, real):
    with Opened(browser, real) as page:
        use = page.locator(".panel:not([hidden]) .scroll").first
        label = use.locator("svg.spark").first.get_attribute("aria-label")
        assert " sessions, " in label
        told = set()
        use.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
            told.add(use.locator(".tip").inner_text())
        assert f"count-primes: {label}" in told
        second = use.locator("svg.spark").nth(1)
        second.hover()
        assert use.locator(".tip").inner_text() == f"hash-buffers: {second.get_attribute('aria-label')}"


def test_the_timeline_names_the_command_that_exports_what_it_shows(browser, real, tmp_path):
    with Opened(browser, real, viewport=PHONE) as page:
        caption = page.locator(".panel:not([hidden]) figcaption").first
        assert "ui.perfetto.dev" in caption.inner_text()
        program, verb, *given = shlex.split(caption.locator("code").inner_text())
        pictures = page.evaluate("ready.values().next().value.workloads")
        labels = [timeline["model"] for one in pictures for timeline in one["timelines"]]
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    assert (program, verb) == ("parabench", "export")
    given[given.index("--output") + 1] = str(tmp_path / "trace.json")
    done = CliRunner().invoke(export_command, [*given, "--results", str(ROOT / "results")])
    assert done.exit_code == 0, done.output
    trace = (tmp_path / "trace.json").read_text()
    assert labels
    assert all(f"github-mocked-requests-{label}" in trace for label in labels)


def test_commit_and_tag_choose_the_sessions_of_the_history_and_say_so(browser, tmp_path):
    write_sessions(tmp_path, sessions=6, models=("sequential", "mp-pool"), slower_from=4)
    for tag, path in zip(("before", "before", "after"), sorted(tmp_path.glob("*/*.json")), strict=False):
        session = json.loads(path.read_text())
        session["parabench"]["tags"] = [tag]
        path.write_text(json.dumps(session))
    with Opened(browser, write_page(report_of(tmp_path), tmp_path / "report.html"), f"#commit={'b' * 10}") as page:
        history = "[...document.querySelectorAll('.panel:not([hidden]) figure')].at(-1)"
        told = f"[...{history}.querySelectorAll('circle[aria-label]')].map((mark) => mark.ariaLabel)"
        sessions = f"[...new Set({told}.map((text) => Number(/session (\\d+)/.exec(text)[1])))].sort()"
        rows = page.locator(".use tbody tr:visible").all_inner_texts()
        assert page.evaluate(sessions) == [5, 6]
        page.select_option("#filter-commit", "a" * 10)
        assert page.evaluate("location.hash") == f"#commit={'a' * 10}"
        assert page.evaluate(sessions) == [1, 2, 3, 4]
        page.select_option("#filter-tag", "before")
        assert page.evaluate("location.hash") == f"#commit={'a' * 10}&tag=before"
        assert page.evaluate(sessions) == [1, 2]
        assert page.locator(".use tbody tr:visible").all_inner_texts() == rows, "rows show what is so now"
        for name in ("commit", "tag"):
            assert page.locator(f"label:has(#filter-{name})").inner_text().startswith(f"{name} (history only)")


def test_a_served_page_says_how_far_a_running_session_is(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "SECONDS_BETWEEN", 0.2)
    write_sessions(tmp_path, sessions=1)
    journal = Journal.begin(tmp_path / "Linux<b>", "running", {"started": "now"})
    with serve.serving(tmp_path, 0) as server, browser.new_context(viewport=DESK) as context:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        page.wait_for_selector("text=A session is running on Linux<b>: no visit so far.", timeout=20_000)
        page.evaluate("window.kept = true")
        journal.append({"visit": {}})
        page.wait_for_selector("text=1 visit so far", timeout=20_000)
        journal.discard()
        page.wait_for_selector("#running", state="hidden", timeout=20_000)
        assert page.evaluate("window.kept"), "the page was not made anew for it"
        server.shutdown()
