import base64
import hashlib
import html
import json
import re
from importlib.resources import files

import pytest
from click.testing import CliRunner
from page_sessions import leave_out, write_sessions

from parabench.analyse.calibration import Calibration, Drift, KindCalibration
from parabench.cli.report import report_command
from parabench.compare.calibrations import store_calibration
from parabench.errors import LibraryMissing, NothingToReport
from parabench.history.details import read_details
from parabench.report.page.data import report_of
from parabench.report.page.figures_in_words import speed
from parabench.report.page.heat_map import level_of
from parabench.report.page.refresh import refreshed
from parabench.report.page.render import page_of, write_page

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


def edited(results, edit):
    """The stored sessions after each was given to `edit` with its place."""
    for place, path in enumerate(sorted(results.glob("*/*.json"))):
        session = json.loads(path.read_text())
        edit(place, session)
        path.write_text(json.dumps(session))


def test_a_red_banner_says_that_rows_come_from_different_environments(tmp_path):
    write_sessions(tmp_path, sessions=2)

    def one_workload_each(place, session):
        session["benchmarks"] = session["benchmarks"][:5] if place else session["benchmarks"][5:]
        session["parabench"]["fingerprint"]["governor"] = ("performance", "powersave")[place]
        session["parabench"]["options"]["size"] = ("small", "large")[place]

    edited(tmp_path, one_workload_each)
    banners = report_of(tmp_path).data["panels"][0]["banners"]
    assert [one["text"] for one in banners if one["level"] == "wrong"] == [
        "The rows come from 2 sessions whose environments differ: governor.",
        "The rows come from sessions with different sizes of the batches: large and small.",
    ]
    assert 'class="banner wrong"' in page_of(report_of(tmp_path))


def test_a_red_banner_says_that_a_change_is_between_different_environments(tmp_path):
    write_sessions(tmp_path, sessions=16, slower_from=8)

    def governed(place, session):
        session["parabench"]["fingerprint"]["governor"] = "powersave" if place < 8 else "performance"

    edited(tmp_path, governed)
    panel = report_of(tmp_path).data["panels"][0]
    assert {row["change"]["text"] for row in panel["rows"]} == {"unsure"}
    drift = "one side was measured after the other: a drift of the machine would look like a change"
    assert panel["banners"] == [
        {"level": "wrong", "text": "The changes are between 16 sessions whose environments differ: governor."},
        {"level": "care", "text": f"Of the changes: {drift}; `parabench run --rev A --rev B` alternates."},
    ]


def store_coarse_calibration(results):
    """What a machine is that sees no change of less than 22 % in work that computes."""
    calibration = Calibration(
        sessions=16, cells=4, threshold=0.05, splits=10, sessions_a_side=8, any_false_alarm=0.0, called={},
        drift=Drift(halves=1.0, slow=0.0, p=1.0, is_found=False),
        kinds={"cpu": KindCalibration(cells=4, spread=0.1, detectable=0.22, false_alarms=0.0)},
    )  # fmt: skip
    store_calibration(next(results.glob("Linux-*")), calibration)


def test_a_red_banner_says_that_the_machine_cannot_see_the_threshold(tmp_path):
    write_sessions(tmp_path, sessions=1)
    store_coarse_calibration(tmp_path)
    (banner,) = report_of(tmp_path).data["panels"][0]["banners"]
    assert banner == {
        "level": "wrong",
        "text": "This machine cannot see a change of 5% with 8 sessions a side; the smallest that it sees: cpu 22%.",
    }


def test_the_threshold_of_the_report_is_that_of_its_changes_histories_and_banner(tmp_path):
    write_sessions(tmp_path, sessions=16, slower_from=8)
    store_coarse_calibration(tmp_path)

    def told(*given):
        done = CliRunner().invoke(report_command, ["--results", str(tmp_path), "--format", "markdown", *given])
        assert done.exit_code == 0, done.output
        return done.output

    assert "cannot see a change of 5%" in told()
    assert "cannot see a change of 7.5%" in told("--threshold", "7.5%")
    assert "cannot see a change" not in told("--threshold", "0.3")
    steps = [len(report_of(tmp_path, threshold=one).data["panels"][0]["changes"]) for one in (0.05, 0.9)]
    assert steps == [2, 0], "a step of 1.5 times is no change where only 1.9 times is one"
    refused = CliRunner().invoke(report_command, ["--results", str(tmp_path), "--threshold", "much"])
    assert (refused.exit_code, "'much' is no share" in refused.output) == (2, True)


def test_what_was_wrong_with_a_session_stands_below_its_rows(tmp_path):
    write_sessions(tmp_path, sessions=1)

    def flawed(_, session):
        session["parabench"] |= {"noisy": True, "warnings": [{"check": "load", "message": "the machine is busy"}]}

    edited(tmp_path, flawed)
    banners = report_of(tmp_path).data["panels"][0]["banners"]
    assert banners == [
        {"level": "care", "text": "Session 1 was noisy."},
        {"level": "care", "text": "Session 1: the machine is busy"},
    ]


def test_the_heat_map_has_a_number_in_every_cell_or_the_reason_why_not(tmp_path):
    write_sessions(tmp_path, sessions=1)
    leave_out(tmp_path, 4, "needs Python 3.14 or newer")
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


def test_each_row_says_what_limits_it_and_the_page_why_others_are_slower(tmp_path):
    row = panel_of(tmp_path)["rows"][0]
    assert row["why"]["text"].startswith("limited by ")
    assert row["sentences"][0]["best"]
    assert {one["family"] for one in row["sentences"]} == {"processes", "baseline", "threads", "asyncio"}
