import html
import http.client
import math
import re
import threading
from dataclasses import replace

import pytest
from click.testing import CliRunner
from page_sessions import leave_out, write_sessions

from parabench.analyse.timeline import TaskSpan
from parabench.cli.report import report_command
from parabench.errors import UnknownName
from parabench.history.journal import Journal
from parabench.report.page.data import report_of
from parabench.report.page.lanes import lanes_of, parts_of
from parabench.report.page.markdown import markdown_of
from parabench.report.page.packing import packed_series, unpacked_series
from parabench.report.page.serve import serving
from parabench.report.page.still import NONE, draw

pytest.importorskip("jinja2")


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


def test_markdown_has_the_same_answers_and_no_foreign_markup(tmp_path):
    write_sessions(tmp_path, workloads=("count-primes", "a|b`<img>@all"))
    text = markdown_of(report_of(tmp_path))
    assert "| `count-primes` | `processes: mp-pool` | 2 | 1.90x [1.80, 2.00] | 90 % of the limit | settled |" in text
    assert "`a\N{BROKEN BAR}b'<img>@all`" in text
    beyond = CliRunner().invoke(
        report_command, ["--results", str(tmp_path), "--format", "markdown", "--output", str(tmp_path / "no" / "a.md")]
    )
    assert f"cannot write results into {tmp_path / 'no'}" in str(beyond.exception)
    assert re.search(r"\*\*1\.\d\dx\*\*", text), "the recommended one"


def test_the_pictures_are_drawn_from_stored_sessions(tmp_path):
    pytest.importorskip("matplotlib")
    write_sessions(tmp_path / "results", sessions=1, workloads=("costs-$x$",), models=("sequential", "mp-pool"))
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


def test_a_still_picture_is_grey_where_nothing_ran_and_says_why_below(tmp_path):
    pytest.importorskip("matplotlib")
    write_sessions(tmp_path / "results", sessions=1)
    leave_out(tmp_path / "results", 4, "no <backend> is here, " + "so this model cannot run " * 8)
    draw(report_of(tmp_path / "results"), tmp_path, "svg", None, None)
    heat = (tmp_path / "heat-map.svg").read_text()
    assert heat.count(f"fill: {NONE}") == 1
    lines = [html.unescape(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", heat)]
    assert "- (1)" in lines
    why = lines[lines.index("- (1)") + 1 :]
    first = next(place for place, line in enumerate(why) if line.startswith("(1) no <backend> is here, so"))
    told = " ".join(line.strip() for line in why[first:])
    assert told.count("so this model cannot run") == 8, "whole, in several lines"
    assert len(why) > first + 1


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


def test_the_server_says_which_sessions_run_and_how_far_they_are(tmp_path):
    write_sessions(tmp_path, sessions=1)
    folder = tmp_path / "Linux\u202e<b>"
    running, left = (Journal.begin(folder, name, {"started": "now"}) for name in ("running", "left"))
    left.append({"visit": {}})
    left.close()
    with serving(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

        def told():
            connection = http.client.HTTPConnection(*server.server_address, timeout=20)
            connection.request("GET", "/running")
            answer = connection.getresponse()
            assert answer.getheader("Content-Type").startswith("text/plain")
            return answer.read().decode()

        assert told() == "A session is running on Linux\\u202e<b>: no visit so far."
        running.append({"visit": {"visit": 1}, "cell": "x"})
        running.append({"cell": "x", "failure": "visit"})
        assert told() == "A session is running on Linux\\u202e<b>: 1 visit so far."
        running.append({"visit": {}})
        assert told() == "A session is running on Linux\\u202e<b>: 2 visits so far."
        running.discard()
        assert told() == "", "what was left behind by a crash does not run"
        server.shutdown()
