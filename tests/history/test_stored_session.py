"""What a session says about itself: ours, and what is unknown in those of pytest-benchmark alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from parabench.history.reader import StoredSession, StoredWarning, Unmeasured, read_session
from parabench.records import CellId

SAMPLES = Path(__file__).parent / "samples"
ALONE = "the file was stored by pytest-benchmark alone, which does not record it"
#: As pytest-benchmark 2.5 wrote it, from Python 2.7: no extra_info, no params, no rounds, no branch.
OLDEST = {
    "commit_info": {"id": "b87b9aae14ff14a7887a6bbaa9731b9a8760555d", "dirty": True},
    "machine_info": {"python_version": "2.7.3", "python_implementation": "CPython", "system": "Linux"},
    "version": "2.5.0",
    "benchmarks": [
        {
            "group": None,
            "fullname": "tests/test_normal.py::test_fast",
            "name": "test_fast",
            "stats": {"median": 2e-7, "mean": 2.5e-7, "min": 1e-7, "max": 3e-6, "stddev": 1e-7, "rounds": 1000},
        }
    ],
    "datetime": "2015-08-14T16:06:07.146833",
}


def changed(folder: Path, *where: str, value: Any) -> StoredSession:
    """Our sample with one value changed."""
    content = json.loads((SAMPLES / "parabench_2.json").read_text())
    inner = content
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    path = folder / "0007_changed.json"
    path.write_text(json.dumps(content))
    return read_session(path)


def test_our_own_sessions_are_read_whole(tmp_path: Path) -> None:
    session = changed(tmp_path, "version", value="5.3.1")
    assert (session.number, session.format, session.interrupted, session.version) == (7, 2, False, "5.3.1")
    assert session.machine_id == "Linux-x86_64-CPython-3.11.7-309f4824"
    assert (session.branch, session.dirty) == ("master", False)
    assert session.commit_id == "cc64447c8966a82371e2dde3938cad4721ba7629"
    assert session.commit_time == dt.datetime(2026, 11, 23, 15, 16, 12, tzinfo=dt.UTC)
    assert session.fingerprint["gil_enabled"] is True
    assert session.options is not None
    assert session.options["passes"] == 2
    assert session.failed == (
        Unmeasured(
            cell=CellId("double", "asyncio", 1, "small"),
            reason="cell double-asyncio: 1 of 4 results differ from sequential",
        ),
    )
    assert session.not_run is not None
    assert session.not_run[0].install == "pip install 'parabench[gevent]'"
    assert set(session.reasons) == {"noisy", "tags", "warnings"}, "it was stored before there were any"


@pytest.mark.parametrize(
    ("sample", "version"),
    [
        ("stock_5.3.1_with_rounds", "5.3.1"),
        ("stock_4.0.0_without_rounds", "4.0.0"),
        ("stock_3.4.1_with_rounds", "3.4.1"),
    ],
)
def test_files_of_pytest_benchmark_alone_are_read_and_say_what_they_lack(sample: str, version: str) -> None:
    session = read_session(SAMPLES / f"{sample}.json")
    assert (session.version, session.format, session.number) == (version, None, None)
    assert session.machine_id == "samples", "the name of the folder"
    assert session.datetime is not None
    assert session.datetime.utcoffset() == dt.timedelta(0)
    assert session.interrupted is session.options is session.failed is session.not_run is None
    assert {session.reasons[key] for key in ("interrupted", "noisy", "options", "failed", "not_run", "format")} == {
        ALONE
    }
    assert session.reasons["number"] == "the file's name does not begin with a number"
    known = {key: value for key, value in session.fingerprint.items() if value is not None}
    assert (known["cpu"], known["cores_present"], known["python_version"]) == ("Example CPU", 2, "3.11.7")
    assert session.fingerprint["gil_enabled"] is None
    assert session.fingerprint["reasons"]["gil_enabled"] == ALONE
    assert [benchmark.name for benchmark in session.benchmarks] == [
        *("test_join", "test_sum[10]", "test_sum[1000]", "test_once")
    ]


def test_the_oldest_files_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "0030_oldest.json"
    path.write_text(json.dumps(OLDEST))
    session = read_session(path)
    assert session.datetime == dt.datetime(2015, 8, 14, 16, 6, 7, 146833, dt.UTC)
    assert (session.branch, session.commit_time, session.dirty) == (None, None, True)
    assert session.reasons["branch"] == "the file has no commit_info.branch"
    assert session.fingerprint["cpu"] is None
    assert session.fingerprint["reasons"]["cpu"] == ALONE
    assert session.benchmarks[0].median == 2e-7


def test_the_processor_is_found_under_its_old_key(tmp_path: Path) -> None:
    path = tmp_path / "0030_old.json"
    path.write_text(json.dumps({**OLDEST, "machine_info": {"cpu": {"brand": "Old CPU", "count": "2"}}}))
    fingerprint = read_session(path).fingerprint
    assert fingerprint["cpu"] == "Old CPU"
    assert fingerprint["reasons"]["cores_present"] == "fingerprint.cores_present is '2', not a whole number"


@pytest.mark.parametrize(
    ("where", "value", "field", "reason"),
    [
        (["parabench", "interrupted"], "no", "interrupted", "parabench.interrupted is 'no', not true or false"),
        (["parabench", "options"], [], "options", "parabench.options is a list, not an object"),
        (["parabench", "failed"], None, "failed", "parabench.failed is null"),
        (["parabench", "failed"], ["x"], "failed", "parabench.failed[0] is 'x', not an object"),
        (["parabench", "not_run"], [{"cell": "a"}], "not_run", "the file has no parabench.not_run[0].workload"),
        (["commit_info"], 3, "commit_id", "commit_info is 3, not an object"),
        (["commit_info", "id"], 3, "commit_id", "commit_info.id is 3, not a text"),
        (["commit_info", "time"], "soon", "commit_time", "time is 'soon', not a date and time"),
        (["datetime"], "9999-12-31T23:59:59-23:00", "datetime", "datetime is '9999-12-31T23:59:59-23:00', a year "),
        (["datetime"], 1e308, "datetime", "session.datetime is 1e+308, not a text"),
        (["version"], [5], "version", "session.version is a list, not a text"),
    ],
)
def test_a_wrong_value_is_unknown_and_says_why(
    tmp_path: Path, where: list[str], value: Any, field: str, reason: str
) -> None:
    session = changed(tmp_path, *where, value=value)
    assert getattr(session, field) is None
    assert session.reasons[field].startswith(reason)
    assert len(session.benchmarks) == 3, "what is right is still there"


def test_what_the_checks_before_measuring_said_is_read(tmp_path: Path) -> None:
    said = [{"check": "load", "message": "23% of the usable cores is busy", "later": 1}]
    session = changed(tmp_path, "parabench", "warnings", value=said)
    assert session.warnings == (StoredWarning(check="load", message="23% of the usable cores is busy"),)
    assert "warnings" not in session.reasons
    wrong = changed(tmp_path, "parabench", "warnings", value=[{"check": "load"}])
    assert wrong.warnings is None
    assert wrong.reasons["warnings"] == "the file has no parabench.warnings[0].message"


def test_a_machine_id_that_is_none_falls_back_on_the_folder_and_says_so(tmp_path: Path) -> None:
    session = changed(tmp_path, "parabench", "machine_id", value=7)
    assert session.machine_id == tmp_path.name
    assert session.reasons["machine_id"] == "parabench.machine_id is 7, not a text"


def test_unknown_parts_of_a_fingerprint_keep_the_reason_that_was_stored(tmp_path: Path) -> None:
    stored = {"cpu": None, "cores_usable": 0, "new": 1, "reasons": {"cpu": "not told", "cores_usable": "?", "new": 3}}
    fingerprint = changed(tmp_path, "parabench", "fingerprint", value=stored).fingerprint
    assert (fingerprint["cpu"], fingerprint["cores_usable"], fingerprint["new"]) == (None, None, 1)
    assert fingerprint["reasons"]["cpu"] == "not told"
    assert fingerprint["reasons"]["cores_usable"] == "fingerprint.cores_usable is 0, below 1"
    assert fingerprint["reasons"]["system"] == "the file has no fingerprint.system"
    assert "new" not in fingerprint["reasons"]
    nothing = changed(tmp_path, "parabench", "fingerprint", value="x").fingerprint
    assert set(nothing["reasons"].values()) == {"fingerprint is 'x', not an object"}
