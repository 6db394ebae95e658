"""Reading thousands of sessions: the fast way gives what the tolerant one gives, and what is kept never goes stale."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import fuzz_cache
import psutil
import pytest
from fuzz_reader import same
from session_mutations import SAMPLES

from parabench.history import fast, side_by_side
from parabench.history.cache import Cache
from parabench.history.reader import read_session
from parabench.history.sessions import read_summaries, with_files
from parabench.history.summary import summarise

pytest.importorskip("msgspec")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "machine"
    folder.mkdir(parents=True)
    for number, sample in enumerate(SAMPLES, 1):
        shutil.copy(sample, folder / f"{number:04}_{sample.name}")
    return folder.parent


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_both_ways_give_the_same_summary(sample: Path) -> None:
    quick = fast.summary_of(sample, sample.read_bytes(), {})
    assert quick is not None, "the samples are as expected"
    assert same(quick, summarise(read_session(sample)))


@pytest.mark.parametrize(
    "date",
    [
        *("2026-11-23T10:00:00Z", "2026-11-23 10:00", "20261123T100000.5+0130", "2026-W48-1"),
        *("yesterday", "", "23.11.2026", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
        *(None, 1795600000, ["2026-11-23"], {"date": "2026-11-23"}),
    ],
)
@pytest.mark.parametrize("commit", [{"id": "1" * 40, "dirty": False}, {}, None])
def test_dates_and_commits_of_other_writers_are_read_the_fast_way(tmp_path: Path, date: object, commit: object) -> None:
    for sample in SAMPLES:
        file = tmp_path / sample.name
        file.write_text(json.dumps(json.loads(sample.read_text()) | {"datetime": date, "commit_info": commit}))
        quick = fast.summary_of(file, file.read_bytes(), {})
        assert quick is not None, sample.name
        assert same(quick, summarise(read_session(file)))


@pytest.mark.parametrize("failed", ["double-asyncio", "double-process-pool-fork-w2", "other-asyncio-w3"])
@pytest.mark.parametrize("options", [{"workers": [2], "latency": 1, "size": "small"}, {}])
def test_sessions_of_the_first_format_are_read_the_fast_way(
    tmp_path: Path, failed: str, options: dict[str, object]
) -> None:
    [sample] = [one for one in SAMPLES if one.stem == "parabench_1"]
    content = json.loads(sample.read_text())
    content["parabench"] |= {"options": options, "failed": [{"cell": failed, "reason": "it failed"}]}
    file = tmp_path / sample.name
    file.write_text(json.dumps(content))
    quick = fast.summary_of(file, file.read_bytes(), {})
    assert quick is not None
    assert same(quick, summarise(read_session(file)))
    assert [cell.text for cell in quick.failed] == [failed]


@pytest.mark.parametrize("key", ["workload", "model", "workers_named"])
def test_a_cell_whose_name_is_null_is_no_other_benchmark(tmp_path: Path, key: str) -> None:
    [sample] = [one for one in SAMPLES if one.stem == "parabench_2"]
    content = json.loads(sample.read_text())
    for benchmark in content["benchmarks"]:
        benchmark["extra_info"] |= {key: None} if "model" in benchmark["extra_info"] else {}
    file = tmp_path / sample.name
    file.write_text(json.dumps(content))
    quick = fast.summary_of(file, file.read_bytes(), {})
    assert quick is None or same(quick, summarise(read_session(file)))


def test_without_msgspec_the_tolerant_reader_does_it_all(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = read_summaries(results, cache=False).sessions
    monkeypatch.setattr(fast, "decoder", lambda: None)
    slow = read_summaries(results, cache=False).sessions
    assert len(quick) == len(slow) == len(SAMPLES)
    assert all(map(same, quick, slow))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # of a runner that has threads
@pytest.mark.parametrize("readers", [2, 3, 9])
@pytest.mark.parametrize("damage", [None, "killed", "cut short"])
def test_several_readers_find_what_one_finds(
    results: Path, monkeypatch: pytest.MonkeyPatch, readers: int, damage: str | None
) -> None:
    (results / "machine" / "0007_broken.json").write_text('{"benchmarks": [')
    shutil.copy(SAMPLES[0], results / "machine" / os.fsdecode(b"0008_\xff.json"))
    (results / "machine" / "0009_empty.json").write_text("")
    alone = read_summaries(results, cache=False)
    asked: list[int] = []
    before = psutil.Process().children()
    monkeypatch.setattr(side_by_side, "readers_for", lambda size: asked.append(size) or readers)
    told = Cache.told
    if damage == "killed":
        monkeypatch.setattr(Cache, "told", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    elif damage:
        monkeypatch.setattr(Cache, "told", lambda cache: told(cache)[:-5])
    together = read_summaries(results, cache=False)
    assert asked == [sum(file.stat().st_size for file in (results / "machine").iterdir())]
    assert all(map(same, alone.sessions, together.sessions))
    assert [one.path for one in together.sessions] == [one.path for one in alone.sessions]
    assert list(map(str, together.problems)) == list(map(str, alone.problems))
    assert len(together.problems) == 2
    assert [child for child in psutil.Process().children() if child not in before] == []


def test_only_much_is_worth_several_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr("parabench.machine.cores.cores_usable", lambda: 4)
    much = side_by_side.BYTES_A_READER
    expected = [1, 1, 3, 4] if sys.platform == "linux" else [1, 1, 1, 1]
    assert [side_by_side.readers_for(size) for size in (0, 2 * much - 1, 3 * much, 1 << 40)] == expected
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert side_by_side.readers_for(1 << 40) == 1, "another thread may hold a lock that the reader would wait for"


@pytest.mark.parametrize("bytes_large", [0, 1 << 23])
def test_names_that_are_no_text_are_kept(results: Path, monkeypatch: pytest.MonkeyPatch, bytes_large: int) -> None:
    monkeypatch.setattr("parabench.history.cache._BYTES_LARGE", bytes_large)
    shutil.copy(SAMPLES[0], results / "machine" / os.fsdecode(b"0008_\xff.json"))
    first = read_summaries(results).sessions
    monkeypatch.setattr("parabench.history.sessions._read", lambda *_: pytest.fail("read again"))
    assert all(map(same, first, read_summaries(results).sessions))


def test_layouts_are_shared(results: Path) -> None:
    shutil.copy(results / "machine" / "0002_parabench_2.json", results / "machine" / "0009_copy.json")
    for _ in range(2):  # read, and kept
        found = {session.number: session for session in read_summaries(results).sessions}
        assert found[9].layout is found[2].layout


def test_files_are_decoded_once(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_summaries(results).sessions
    monkeypatch.setattr("parabench.history.sessions._read", lambda *_: pytest.fail("read again"))
    again = read_summaries(results).sessions
    assert all(map(same, first, again))


def test_a_file_that_changed_is_read_again(results: Path) -> None:
    read_summaries(results)
    file = results / "machine" / "0002_parabench_2.json"
    status = file.stat()
    content = json.loads(file.read_text())
    content["parabench"]["interrupted"] = True
    other = file.with_suffix(".new")
    other.write_text(json.dumps(content))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    [session] = [one for one in read_summaries(results).sessions if one.number == 2]
    assert session.interrupted
    file.unlink()
    assert 2 not in [one.number for one in read_summaries(results).sessions]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"version": 1}', b'{"version": 99, "layouts": [], "entries": {}}', b"[1]", b"\0" * 500]
)
def test_a_damaged_cache_is_made_anew(results: Path, kept: Path, damage: bytes) -> None:
    first = read_summaries(results).sessions
    [file] = kept.rglob("*.json")
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert all(map(same, first, read_summaries(results).sessions))
    assert json.loads(file.read_bytes())["content"]["layouts"] == json.loads(whole)["content"]["layouts"]


def test_a_cache_that_is_json_and_not_what_was_written_is_made_anew(results: Path, kept: Path) -> None:
    first = read_summaries(results).sessions
    [file] = kept.rglob("*.json")
    told = json.loads(file.read_text())
    for entry in told["content"]["entries"].values():
        entry[3][0] = "CPython 2.7"  # of the right type: only the digest tells
    file.write_text(json.dumps(told, separators=(",", ":")))
    assert all(map(same, first, read_summaries(results).sessions))


def test_a_cache_of_another_version_is_made_anew(results: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_summaries(results).sessions
    monkeypatch.setattr("parabench.history.cache.VERSION", 99)
    assert all(map(same, first, read_summaries(results).sessions))
    [file] = kept.rglob("*.json")
    assert json.loads(file.read_bytes())["content"]["version"] == 99


def test_mutants_of_a_cache_are_made_anew_without_a_word(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    counts, wrong = fuzz_cache.fuzz(150, 20, tmp_path)
    assert not wrong, wrong[0]
    assert counts["made anew"] > 100
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_none(results: Path, kept: Path) -> None:
    kept.mkdir(mode=0o500)
    assert len(read_summaries(results).sessions) == len(SAMPLES)


def test_a_cache_folder_that_is_a_file_is_none(results: Path, kept: Path) -> None:
    kept.write_text("")
    assert len(read_summaries(results).sessions) == len(SAMPLES)


def test_a_broken_file_hides_no_valid_one_whether_kept_or_not(results: Path) -> None:
    (results / "machine" / "0007_broken.json").write_text('{"benchmarks": [')
    for _ in range(2):
        found = read_summaries(results)
        assert len(found.sessions) == len(SAMPLES)
        assert [Path(str(problem.path)).name for problem in found.problems] == ["0007_broken.json"]  # type: ignore[attr-defined]


def test_a_fifo_is_refused_and_not_waited_for(results: Path) -> None:
    os.mkfifo(results / "machine" / "0008_pipe.json")
    found = read_summaries(results)
    assert (len(found.sessions), len(found.problems)) == (len(SAMPLES), 1)


def test_what_is_kept_is_compared_without_what_reads_files_and_runs_sessions(results: Path) -> None:
    """Half of the time that a comparison takes would be imports."""
    read_summaries(results)
    code = (
        "import sys, pathlib, parabench.cli.compare, parabench.report.rendering\n"
        "from parabench.history.sessions import read_summaries\n"
        "print(len(read_summaries(pathlib.Path(sys.argv[1])).sessions), *sys.modules)"
    )
    number, *modules = subprocess.check_output([sys.executable, "-c", code, results], text=True).split()
    assert int(number) == len(SAMPLES)
    assert {"parabench.history.cache", "rich.console"} <= set(modules)
    for name in ("parabench.history.reader", "parabench.history.fast", "parabench.session", "msgspec", "psutil"):
        assert name not in modules


def test_files_named_in_a_selection_come_first(results: Path) -> None:
    known = read_summaries(results).sessions
    assert with_files(known, ["2", str(results / "machine" / "0002_parabench_2.json")]) == list(known)
    other = results.parent / "other.json"
    shutil.copy(SAMPLES[0], other)
    assert with_files(known, [f"file:{other}"])[0].path == other
    assert not math.isnan(with_files(known, [str(other)])[0].seconds[0])
