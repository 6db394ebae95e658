"""What may be compared with what."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
from pathlib import Path

import pytest

from parabench.analyse.verdict import FASTER, NOT_COMPARABLE, SAME, SLOWER, UNSURE
from parabench.compare.comparison import compare_sessions
from parabench.history.summary import CellKey, SessionSummary
from parabench.records import CellId
from parabench.report.comparison_table import as_json, as_markdown, as_table

CELL = "benchmarks/test_cpu.py::test_cpu[primes-thread-pool]"


def session(number: int, seconds: float | None, **more: object) -> SessionSummary:
    name, source = str(more.pop("cell", CELL)), str(more.pop("source", "aaaa"))
    identity = CellId("primes", "thread-pool", 2, "small") if name == CELL else None
    cell = CellKey(name, "cpu", source, str(more.pop("circumstances", "{}")), identity)
    fields: dict[str, object] = {
        "path": Path(f"/results/{number:04}.json"),
        "number": number,
        "machine_id": "here",
        "commit_id": "c0ffee",
        "dirty": False,
        "datetime": dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
        "interpreter": "3.13",
        "version": "3.13.1",
        "interrupted": False,
        "noisy": False,
        "tags": (),
        "failed": {},
        "layout": (cell,) if seconds is not None else (),
        "seconds": (seconds,) if seconds is not None else (),
    }
    return SessionSummary(**{**fields, **more})  # type: ignore[arg-type]


def side(first: int, seconds: float, count: int = 8, **more: object) -> list[SessionSummary]:
    """Sessions with every second number, so that two sides can alternate."""
    return [session(first + 2 * n, seconds * math.exp(0.002 * ((n * 3) % 8 - 3.5)), **more) for n in range(count)]


def days(first: int, seconds: float, count: int = 8, **more: object) -> list[SessionSummary]:
    """Sessions of one day each."""
    start = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    return [
        dataclasses.replace(one, datetime=start + dt.timedelta(days=number))
        for number, one in enumerate(side(first, seconds, count, **more))
    ]


def verdicts(*arguments: object, **options: object) -> list[tuple[str, str | None]]:
    comparison = compare_sessions(*arguments, **options)  # type: ignore[arg-type]
    return [(one.verdict, one.reason) for one in comparison.verdicts]


def test_sides_are_compared_cell_by_cell() -> None:
    assert verdicts(side(1, 1.0), side(2, 1.3)) == [(SLOWER, None)]
    assert verdicts(side(1, 1.3), side(2, 1.0)) == [(FASTER, None)]
    assert verdicts(side(1, 1.0), side(2, 1.01)) == [(SAME, None)]


def test_the_history_of_the_same_cell_tells_how_much_sessions_differ() -> None:
    history = days(100, 1.0)
    assert verdicts(side(1, 1.0, 1), side(2, 1.3, 1), history) == [(SLOWER, None)]
    for useless in (
        days(100, 1.0, source="bbbb"),
        days(100, 1.0, machine_id="there"),
        days(100, 1.0, cell="another"),
        days(100, 1.0, interrupted=True),
        side(100, 1.0),
    ):
        [(verdict, reason)] = verdicts(side(1, 1.0, 1), side(2, 1.3, 1), useless)
        assert (verdict, "one session on a side" in str(reason)) == (UNSURE, True)


def test_commits_of_the_history_may_have_changed_the_cell() -> None:
    history = [*days(100, 1.0, 4, commit_id="a"), *days(200, 5.0, 4, commit_id="b")]
    assert verdicts(side(1, 1.0, 1), side(2, 1.3, 1), history) == [(SLOWER, None)]


def test_changed_code_is_not_silently_compared_with_old() -> None:
    changed = side(2, 1.3, source="bbbb")
    [(verdict, reason)] = verdicts(side(1, 1.0), changed)
    assert verdict == NOT_COMPARABLE
    assert "source of its workload has changed" in str(reason)
    assert verdicts(side(1, 1.0), changed, across=["source"]) == [(SLOWER, None)]
    both = [*side(101, 9.0, source="aaaa"), *side(1, 1.0, source="bbbb")]
    assert verdicts(both, changed) == [(SLOWER, None)], "the sessions of the same source are"


def test_other_libraries_are_not_silently_compared() -> None:
    [(verdict, reason)] = verdicts(side(1, 1.0), side(2, 1.3, circumstances='{"libraries": {"gevent": "2"}}'))
    assert verdict == NOT_COMPARABLE
    assert "gevent" in str(reason)


def test_machines_and_builds_are_compared_each_with_itself() -> None:
    there = "there"
    base, new = [*side(1, 1.0), *side(101, 2.0, machine_id=there)], [*side(2, 1.3), *side(102, 2.0, machine_id=there)]
    assert sorted(verdicts(base, new)) == [(SAME, None), (SLOWER, None)]
    apart = verdicts(side(1, 1.0), side(2, 1.3, machine_id=there))
    assert [verdict for verdict, _ in apart] == [NOT_COMPARABLE] * 2
    assert all("another fingerprint" in str(reason) for _, reason in apart)
    assert verdicts(side(1, 1.0), side(2, 1.3, machine_id=there), across=["fingerprint"]) == [(SLOWER, None)]


def test_a_cell_that_failed_on_a_side_says_so() -> None:
    failed = session(2, None, failed={CellId("primes", "thread-pool", 2, "small"): "3 of 4 results differ\nand more"})
    assert verdicts(side(1, 1.0), [failed]) == [(NOT_COMPARABLE, "it failed on the new side: 3 of 4 results differ")]
    absent = session(2, None)
    assert verdicts(side(1, 1.0), [absent]) == [(NOT_COMPARABLE, "the new side did not measure it")]


def test_what_has_to_be_known_about_the_sides_is_said() -> None:
    noisy = [*side(2, 1.0), session(50, 1.0, noisy=True), session(52, 1.0, interrupted=True)]
    notes = compare_sessions(side(1, 1.0), noisy).notes
    assert "of the 10 sessions of the new side 2 were interrupted or noisy" in notes
    later = compare_sessions(side(1, 1.0), side(1001, 1.0)).notes
    assert any("one side was measured after the other" in note for note in later)
    same = compare_sessions(side(1, 1.0), side(1, 1.0)).notes
    assert "8 sessions are on both sides" in same


def test_a_promise_is_an_object_with_what_it_is_about() -> None:
    base = [session(2 * n, math.exp(0.02 * ((n * 3) % 8 - 3.5))) for n in range(8)]
    new = [session(2 * n + 1, math.exp(0.02 * ((n * 5) % 8 - 3.5))) for n in range(8)]
    [cell] = json.loads(as_json(compare_sessions(base, new)))["cells"]
    assert cell["verdict"] == UNSURE
    promise = cell["promise"]
    assert promise == {"sessions": cell["sessions_needed"], "verdict": SAME, "if_ratio": 1.0, "probability": 0.9}
    assert promise["sessions"] > 8
    assert f"{promise['sessions']} sessions a side would decide" in as_markdown(
        compare_sessions(base, new), base="a", new="b"
    )


def test_sides_that_were_not_measured_in_turns_are_unsure_at_most() -> None:
    """Nearly all of one side before the other is no alternation either."""
    base, new = side(1, 1.0), side(1001, 1.3)
    for one in (base, [*base[:7], session(1004, 1.0)]):
        [(verdict, reason)] = verdicts(one, new)
        assert (verdict, reason) == (
            UNSURE,
            "measured one after the other; `parabench run --rev A --rev B` would decide",
        )


def test_sessions_without_a_number_for_a_cell_are_left_out_of_it() -> None:
    base, new = side(1, 1.0), side(2, 1.3)
    base[2] = dataclasses.replace(base[2], seconds=(math.nan,))
    comparison = compare_sessions(base, new)
    assert [(one.verdict, one.sessions_base, one.sessions_new) for one in comparison.verdicts] == [(SLOWER, 7, 8)]


@pytest.fixture
def comparison():
    base = [*side(1, 1.0), *side(101, 1.0, cell="t.py::test_a[same-one]"), session(500, 1.0, cell="t.py::test_a[x|y]")]
    new = [*side(2, 1.3), *side(102, 1.0, cell="t.py::test_a[same-one]"), session(501, 1.1, cell="t.py::test_a[x|y]")]
    return compare_sessions(base, new)


def test_the_table_begins_with_what_got_slower_and_counts_the_rest(comparison) -> None:
    text = as_table(comparison, width=100, colour=False, everything=False)
    assert text.splitlines()[1].startswith("primes-thread-pool  slower")
    assert "1.300 [1." in text
    assert "same-one" not in text
    assert "1 slower, 1 unsure, 1 same" in text
    assert "same-one" in as_table(comparison, width=100, colour=False, everything=True)


def test_markdown_is_ready_to_post(comparison) -> None:
    text = as_markdown(comparison, base="main", new="HEAD")
    assert text.startswith("### parabench: `HEAD` against `main`\n")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert "slower" in rows[0]
    assert all(row.replace("\\|", "").count("|") in (5, 7) for row in rows if "x|y" not in row)
    assert "<details>" in text


def test_markdown_draws_each_session_of_a_cell_that_changed() -> None:
    base, new = side(101, 1.0), side(102, 2.0)
    text = as_markdown(compare_sessions(base, new), base="main", new="HEAD")
    assert re.search(r"\| `[▁▂]{8} [▇█]{8}` \|", text)
    assert "Each session's seconds: base, new. A high bar is many seconds.\n" in text
    others = [*side(1, 1.0), session(50, None)]
    text = as_markdown(compare_sessions(base, new, [*others, *base, *new]), base="main", new="HEAD")
    assert re.search(r"\| `[▁▂]{8} [▁▂]{8} [▇█]{8}` \|", text)
    assert "others of the same results, base, new" in text


def test_markdown_draws_nothing_of_cells_that_did_not_change() -> None:
    text = as_markdown(compare_sessions(side(1, 1.0), side(2, 1.0)), base="main", new="HEAD")
    assert "same" in text
    assert not re.search("[▁-█]", text)


def test_json_is_one_object_with_a_list_of_cells(comparison) -> None:
    told = json.loads(as_json(comparison))
    assert [cell["verdict"] for cell in told["cells"]] == [SLOWER, SAME, UNSURE]
    keys = {"cell", "verdict", "ratio", "low", "high", "sessions_base", "sessions_new", "sessions_needed", "promise"}
    assert [(cell["method"], cell["order"]) for cell in told["cells"]] == [
        ("max-t, sampled", "alternating"),
        ("max-t, sampled", "alternating"),
        (None, "one after the other"),
    ]
    identity = {"workload", "model", "workers", "size", "workers_named", "chunk"}
    others = {"p", "method", "order", "spread", "reason", "cpu"}
    assert all(cell.keys() == keys | identity | others for cell in told["cells"]), "programs read them all"
    assert told.keys() == {"metric", "threshold", "notes", "cells"}
    promises = [cell["promise"] for cell in told["cells"]]
    assert promises[:2] == [None, None], "what is decided needs no promise"
    assert told["threshold"] == 0.05


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (CellKey(CELL, "cpu", "aaaa", "{}", CellId("primes", "thread-pool", 2, "small")), "primes-thread-pool"),
        (
            CellKey("t.py::t[another text]", "cpu", "a", "{}", CellId("a-b", "c-d", 4, "medium", True)),
            "a-b-c-d-w4-medium",
        ),
        (CellKey("tests/test_a.py::test_one", None, None, "{}"), "test_one"),
        (CellKey("tests/test_a.py::TestX::test_one[3]", None, None, "{}"), "test_one[3]"),
        (CellKey("whatever", None, None, "{}"), "whatever"),
    ],
)
def test_a_cell_is_called_by_its_fields_and_another_benchmark_by_its_test(key: CellKey, text: str) -> None:
    assert key.text == text


def test_a_cell_that_failed_is_found_by_its_fields_whatever_its_test_is_called() -> None:
    identity = CellId("primes", "thread-pool", 2, "small")
    broken = [
        dataclasses.replace(one, layout=(), seconds=(), failed={identity: "it broke\nhere"}) for one in side(2, 1.0)
    ]
    assert verdicts(side(1, 1.0), broken) == [(NOT_COMPARABLE, "it failed on the new side: it broke")]
    other = [dataclasses.replace(one, failed={identity._replace(size="medium"): "x"}) for one in broken]
    assert verdicts(side(1, 1.0), other) == [(NOT_COMPARABLE, "the new side did not measure it")]


def test_json_names_a_cell_by_its_fields(comparison) -> None:
    told = {cell["cell"]: cell for cell in json.loads(as_json(comparison))["cells"]}
    assert {key: told[CELL][key] for key in CellId._fields} == {
        "workload": "primes",
        "model": "thread-pool",
        "workers": 2,
        "size": "small",
        "workers_named": False,
        "chunk": "1",
    }
    assert told["t.py::test_a[x|y]"]["workload"] is None
