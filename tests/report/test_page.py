import base64
import hashlib
import html
import http.client
import json
import math
import re
import threading
from dataclasses import replace
from importlib.resources import files

import pytest
from click.testing import CliRunner
from page_sessions import write_sessions

from parabench.analyse.timeline import TaskSpan
from parabench.cli.report import report_command
from parabench.errors import LibraryMissing, NothingToReport, UnknownName
from parabench.history.details import read_details
from parabench.report.page.data import report_of
from parabench.report.page.heat_map import level_of
from parabench.report.page.lanes import lanes_of, parts_of
from parabench.report.page.markdown import markdown_of
from parabench.report.page.packing import packed_series, unpacked_series
from parabench.report.page.refresh import refreshed
from parabench.report.page.render import page_of, write_page
from parabench.report.page.serve import serving
from parabench.report.page.still import draw
from parabench.report.page.words import speed

pytest.importorskip("jinja2")


def panel_of(results, **given):
    write_sessions(results, **given)
    return report_of(results).data["panels"][0]


def test_the_first_screen_says_for_each_workload_what_to_use_and_how_sure_that_is(tmp_path):
    panel = panel_of(tmp_path)
    first, fetch = panel["rows"]
    assert (first["workload"], first["use"], first["workers"]) == ("count-primes", "processes: mp-pool", "2")
    assert first["sure"]["level"] == "settled"
    assert first["speedup"] == {"text": "1.90x", "interval": "[1.80, 2.00]"}
    assert fetch["use"] == "asyncio"
    assert panel["sentences"][0] == (
        "On CPython 3.13.1 with 2 cores use processes for pure Python and asyncio for network work: "
        "2 of 2 answers are settled."
    )
    assert panel["about"] == "Intervals are about one session; other sessions differ by more."
    assert panel["sentences"][1] == "There is no earlier commit to compare with."
    told = " ".join(panel["provenance"])
    for part in ("commit aaaaaaaaaa", "Simulated CPU", "with the GIL", "JIT off", "3 sessions of this machine"):
        assert part in told


def test_sessions_without_answers_of_their_own_are_looked_at_together(tmp_path):
    panel = panel_of(tmp_path, sessions=6, answers=False)
    row = panel["rows"][0]
    assert row["use"] == "processes: mp-pool"
    assert row["sure"]["level"] in ("settled", "family")
    assert panel["about"] == "Intervals are about this machine: several sessions tell how much they differ."


def test_one_session_with_one_look_is_never_shown_as_settled(tmp_path):
    write_sessions(tmp_path, sessions=1)
    path = next(tmp_path.glob("*/*.json"))
    session = json.loads(path.read_text())
    for answer in session["parabench"]["answers"]:
        answer |= {"settled": False, "family_settled": False, "visits": 1, "low": None, "high": None}
    path.write_text(json.dumps(session))
    row = report_of(tmp_path).data["panels"][0]["rows"][0]
    assert row["sure"]["level"] == "once"
    assert row["speedup"]["interval"] == "[unknown]"


def test_a_slower_commit_is_in_the_second_sentence_and_in_the_list_of_changes(tmp_path):
    panel = panel_of(tmp_path, sessions=16, slower_from=8)
    assert panel["sentences"][1].startswith("Since commit aaaaaaaaaa:")
    assert any(change["level"] == "slower" and "1.5" in change["text"] for change in panel["changes"])


def test_the_heat_map_has_a_number_in_every_cell_or_the_reason_why_not(tmp_path):
    write_sessions(tmp_path, sessions=1)
    path = next(tmp_path.glob("*/*.json"))
    session = json.loads(path.read_text())
    gone = session["benchmarks"].pop(4)["extra_info"]
    cell = {key: gone[key] for key in ("workload", "model", "workers", "size", "workers_named", "chunk")}
    session["parabench"]["not_run"] = [{"cell": "x", **cell, "reason": "needs Python 3.14 or newer", "install": None}]
    path.write_text(json.dumps(session))
    heat = report_of(tmp_path).data["panels"][0]["heat"]
    assert [family["name"] for family in heat["families"]] == ["baseline", "threads", "asyncio", "processes"]
    cells = {one["model"]: one for one in heat["rows"][0]["cells"]}
    assert (cells["mp-pool"]["text"], cells["mp-pool"]["reason"]) == ("-", 1)
    assert heat["reasons"] == ["needs Python 3.14 or newer"]
    assert cells["sequential"]["level"] == 0
    assert cells["thread-pool"]["slower"]
    assert cells["thread-pool"]["text"].startswith("1.1")


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.84, "1.84x"), (15.0, "15.0x"), (1 / 230, "230x slower"), (1.0, "1.00x")]
)
def test_a_ratio_is_never_a_row_of_zeros(ratio, text):
    assert speed(ratio) == text


def test_levels_are_the_same_on_both_sides_of_one():
    assert [level_of(ratio) for ratio in (1.0, 1.04, 1.3, 30.0, 1 / 1.3, 1 / 30)] == [0, 0, 2, 6, -2, -6]


def test_the_best_interpreter_is_sure_only_if_sessions_alternated(tmp_path):
    panels = {}
    write_sessions(tmp_path, interpreters=("3.13", "3.14"), sessions=6)
    panels = {panel["label"]: panel for panel in report_of(tmp_path).data["panels"]}
    assert panels["3.14"]["rows"][0]["best"]["text"] == "3.13 for sure"
    assert panels["3.13"]["rows"][0]["best"]["text"] == "this one for sure"


def test_names_of_others_are_text(tmp_path):
    hostile = "<script>alert(1)</script>\"'\u202ex&amp;"
    write_sessions(tmp_path, workloads=(hostile,))
    page = page_of(report_of(tmp_path))
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\\u202e" in page, "shown as its escape"
    assert page.count("<script") == 4, "the data, two libraries and our own"


def test_the_policy_allows_what_is_in_the_page_and_nothing_else(tmp_path):
    write_sessions(tmp_path)
    page = page_of(report_of(tmp_path))
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "connect-src 'none'" in policy
    for element, name in (("style", "style-src"), ("script", "script-src")):
        for text in re.findall(rf"<{element}>(.*?)</{element}>", page, flags=re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy.split(name)[1].split(";")[0]
    assert not re.findall(r"\b(?:src|href)=\"(?!#)", page), "nothing is fetched"
    assert " style=" not in page, "the policy forbids styles of single elements"


def test_what_cannot_be_shown_is_said(tmp_path, monkeypatch):
    with pytest.raises(NothingToReport, match=r"there is no session to report in .*: run 'pytest benchmarks'"):
        report_of(tmp_path)
    assert refreshed(tmp_path)[0].startswith("No report: there is no session to report in")
    write_sessions(tmp_path, sessions=1)
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(
        LibraryMissing, match=r"needs jinja2, which is not installed: pip install 'parabench\[report\]'"
    ):
        page_of(report_of(tmp_path))


def test_a_damaged_part_is_left_out_with_the_reason(tmp_path):
    write_sessions(tmp_path, sessions=1)
    path = next(tmp_path.glob("*/*.json"))
    session = json.loads(path.read_text())
    session["parabench"]["answers"][0]["use"] = {"family": 3}
    session["benchmarks"][0]["extra_info"]["timeline"]["worker"] = [-1]
    path.write_text(json.dumps(session))
    details = read_details(path)
    assert details.answers is None
    assert details.answers_reason == "parabench.answers[0].use.family is 3, not a text"
    assert [*details.damaged.values()] == [
        "column 'seconds_started' of a timeline is not a list of 1 entries, as its workers are"
    ]
    row = report_of(tmp_path).data["panels"][0]["rows"][0]
    assert row["use"] == "processes: mp-pool", "worked out from the passes"


def test_the_verb_writes_one_file_and_prints_its_path(tmp_path):
    write_sessions(tmp_path / "results", sessions=1)
    done = CliRunner().invoke(report_command, ["--results", str(tmp_path / "results")])
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'results' / 'report.html'}\n")
    assert sorted(path.name for path in (tmp_path / "results").glob("*.html")) == ["report.html"]
    again = write_page(report_of(tmp_path / "results"), tmp_path / "results" / "report.html")
    assert again.read_text().startswith("<!doctype html>")


def test_the_vendored_libraries_are_those_that_were_published():
    folder = files("parabench.report.page") / "vendor"
    libraries = json.loads((folder / "vendor.json").read_text())
    assert [one["name"] for one in libraries] == ["d3", "Observable Plot"]
    for one in libraries:
        digest = hashlib.sha256((folder / one["file"]).read_bytes()).digest()
        assert one["integrity"] == f"sha256-{base64.b64encode(digest).decode()}"
        assert one["version"] in (folder / one["file"]).read_text()[:200]
        assert "Permission to use, copy, modify" in (folder / one["licence_file"]).read_text()
    assert "</script" not in (folder / "d3.min.js").read_text() + (folder / "plot.umd.min.js").read_text()


def test_packed_numbers_come_back_within_a_twentieth_of_a_percent():
    rows = [[1e-9, 1.0, math.nan, 3.7e4, 0.0], [2.0]]
    back = unpacked_series(packed_series(rows), [5, 1])
    assert back[0][:2] == pytest.approx(rows[0][:2], rel=6e-4)
    assert math.isnan(back[0][2])
    assert math.isnan(back[0][4]), "what is not above 0 is not known"
    assert (back[0][3], back[1][0]) == pytest.approx((3.7e4, 2.0), rel=6e-4)


def test_coroutines_of_one_worker_get_lanes_of_their_own():
    def span(start, end, worker=0):
        return TaskSpan(
            seconds_started=start, seconds_ended=end, seconds_cpu=None, seconds_runqueue=None,
            seconds_waited_alone=None, worker=worker, host=0,
        )  # fmt: skip

    overlapping = [span(0, 3), span(1, 2), span(2, 4), span(2.5, 3.5, worker=1), span(3, 5)]
    assert lanes_of(overlapping) == [0, 1, 1, 2, 0]
    known = replace(span(0, 1.0), seconds_cpu=0.4, seconds_runqueue=0.1, seconds_waited_alone=0.2)
    assert parts_of(known) == [400_000, 100_000, 200_000, 300_000]
    assert parts_of(span(0, 1)) == [None] * 4


def test_each_row_says_what_limits_it_and_the_page_why_others_are_slower(tmp_path):
    row = panel_of(tmp_path)["rows"][0]
    assert row["why"]["text"].startswith("limited by ")
    assert row["sentences"][0]["best"]
    assert {one["family"] for one in row["sentences"]} == {"processes", "baseline", "threads", "asyncio"}


def test_markdown_has_the_same_answers_and_no_foreign_markup(tmp_path):
    write_sessions(tmp_path, workloads=("count-primes", "a|b`<img>@all"))
    text = markdown_of(report_of(tmp_path))
    assert "| `count-primes` | `processes: mp-pool` | 2 | 1.90x [1.80, 2.00] | 90 % of the limit | settled |" in text
    assert "`a\N{BROKEN BAR}b'<img>@all`" in text
    assert re.search(r"\*\*1\.\d\dx\*\*", text), "the recommended one"


def test_the_pictures_are_drawn_from_stored_sessions(tmp_path):
    pytest.importorskip("matplotlib")
    write_sessions(tmp_path / "results", sessions=2, workloads=("costs-$x$",))
    given = ["--results", str(tmp_path / "results"), "--format", "svg", "--output", str(tmp_path / "images")]
    done = CliRunner().invoke(report_command, given)
    assert done.exit_code == 0, done.output
    timeline, heat = (tmp_path / "images" / name for name in ("timeline.svg", "heat-map.svg"))
    assert done.output.split() == [str(timeline), str(heat)]
    for text in ("sequential: ", "mp-pool x2", "GIL or lock", "costs-$x$"):
        assert text in timeline.read_text()
    assert "★ 1.9" in heat.read_text()
    first = heat.read_bytes()
    CliRunner().invoke(report_command, given)
    assert heat.read_bytes() == first, "the same sessions, the same file"
    with pytest.raises(UnknownName, match=r"no interpreter matches '2.7'; known: 3.13"):
        draw(report_of(tmp_path / "results"), tmp_path, "svg", "2.7", None)


def test_the_server_is_for_this_computer_and_notices_a_new_session(tmp_path):
    write_sessions(tmp_path, sessions=1)
    with serving(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        host, port = server.server_address

        def get(path, name=f"127.0.0.1:{port}"):
            connection = http.client.HTTPConnection(host, port, timeout=20)
            connection.request("GET", path, headers={"Host": name})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        assert host == "127.0.0.1"
        status, page = get("/")
        assert (status, "1 session of this machine" in page) == (200, True)
        assert "connect-src 'self'" in html.unescape(page)
        version = get("/version")[1]
        assert get("/version")[1] == version
        write_sessions(tmp_path, sessions=2)
        assert get("/version")[1] != version
        assert "2 sessions of this machine" in get("/")[1]
        assert get("/", "evil.example")[0] == 403, "a page of somebody else may have sent the browser"
        assert get("/etc/passwd")[0] == 404
        server.shutdown()
