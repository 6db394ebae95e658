"""Reading thousands of sessions: the fast way gives what the tolerant one gives, and what is kept never goes stale."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import fuzz_cache
import pytest
from fuzz_reader import same
from session_mutations import SAMPLES

from parabench.history import fast
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
    if sample.stem == "parabench_1":
        assert quick is None, "a file of an earlier format is brought to this one by the tolerant reader"
    else:
        assert quick is not None, "the samples are as expected"
        assert same(quick, summarise(read_session(sample)))


def test_without_msgspec_the_tolerant_reader_does_it_all(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = read_summaries(results, cache=False).sessions
    monkeypatch.setattr(fast, "decoder", lambda: None)
    slow = read_summaries(results, cache=False).sessions
    assert len(quick) == len(slow) == len(SAMPLES)
    assert all(map(same, quick, slow))


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


def test_files_named_in_a_selection_come_first(results: Path) -> None:
    known = read_summaries(results).sessions
    assert with_files(known, ["2", str(results / "machine" / "0002_parabench_2.json")]) == list(known)
    other = results.parent / "other.json"
    shutil.copy(SAMPLES[0], other)
    assert with_files(known, [f"file:{other}"])[0].path == other
    assert not math.isnan(with_files(known, [str(other)])[0].seconds[0])
