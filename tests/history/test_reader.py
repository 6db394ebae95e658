"""Files and folders: what is refused and how it is said, and what a folder of sessions holds."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from parabench.errors import HistoryUnreadable
from parabench.history import files, reader
from parabench.history.reader import read_folder, read_session

SAMPLES = Path(__file__).parent / "samples"
OURS = SAMPLES / "parabench_2.json"


def refusal(path: Path) -> str:
    """What is said to be wrong with a file, without the words around it."""
    with pytest.raises(HistoryUnreadable) as refused:
        read_session(path)
    assert refused.value.path == path
    said = str(refused.value)
    before, after = f"cannot read the stored session {path}: ", "; move the file away or restore it"
    assert said.startswith(before)
    assert said.endswith(after)
    return said.removeprefix(before).removesuffix(after)


def store(folder: Path, *names: str) -> list[Path]:
    """Valid sessions under these names."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(OURS, folder / name)) for name in names]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8 text"),
        (b"[" * 200_000, "it is nested more than 100 levels deep"),
        (b"[" * 101 + b"]" * 101, "it is nested more than 100 levels deep"),
        (b"[" * 100 + b"]" * 100, "it holds a list, not the object of a session"),
        (b"null", "it holds null, not the object of a session"),
        (b'"benchmarks"', "it holds 'benchmarks', not the object of a session"),
        (b"NaN", "it holds nan, not the object of a session"),
        (b"{}", "it holds no list of benchmarks"),
        (b'{"benchmarks": {}}', "it holds no list of benchmarks"),
        (b'{"benchmarks": [3]}', "benchmarks[0] is 3, not an object"),
        (b'{"benchmarks": [{"fullname": "a"}, {}]}', "benchmarks[1].fullname is null, not a name"),
        (b'{"benchmarks": [{"fullname": 1e400}]}', "benchmarks[0].fullname is inf, not a name"),
        (b'{"benchmarks": [{"fullname": ""}]}', "benchmarks[0].fullname is '', not a name"),
        (b'{"benchmarks": [], "parabench": null}', "parabench is null, not an object"),
        (b'{"benchmarks": [], "parabench": {}}', "parabench has no format"),
        (b'{"benchmarks": [], "parabench": {"format": "1"}}', "parabench.format is '1', not a whole number"),
        (b'{"benchmarks": [], "parabench": {"format": true}}', "parabench.format is true, not a whole number"),
        (b'{"benchmarks": [], "parabench": {"format": 1.0}}', "parabench.format is 1.0, not a whole number"),
        (b'{"benchmarks": [], "parabench": {"format": 0}}', "parabench.format is 0, below 1"),
    ],
)
def test_what_is_no_session_is_refused_with_its_name_and_the_problem(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "0001_x.json"
    path.write_bytes(content)
    assert refusal(path) == problem


@pytest.mark.parametrize("content", [b"\x00" * 10, OURS.read_bytes()[:-9], b'{"benchmarks": [1,]}', b"one"])
def test_what_is_no_json_is_refused_with_the_place(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0001_x.json"
    path.write_bytes(content)
    assert re.fullmatch(r"it is not JSON, or cut short: .+: line \d+ column \d+ \(char \d+\)", refusal(path))


def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text('{"benchmarks": [], "x": ' + "9" * 5000 + "}")
    assert "4300 digits" in refusal(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert refusal(tmp_path) == "it is a folder"
    assert refusal(tmp_path / "pipe") == "it is not a regular file"
    assert refusal(Path("/dev/zero")) == "it is not a regular file"
    assert refusal(tmp_path / "gone.json") == "No such file or directory"
    assert refusal(tmp_path / "loop") == "Too many levels of symbolic links"
    assert refusal(tmp_path / "pipe" / "x.json") == "Not a directory"
    assert "null" in refusal(tmp_path / "a\x00b.json")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(reader.os, "open", denied)
    assert refusal(OURS) == "Permission denied"


def test_a_file_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "0001_x.json"
    path.touch()
    os.truncate(path, reader.BYTES_MOST + 1)
    assert refusal(path) == "it has 1,073,741,825 bytes; at most 1,073,741,824 are read"

    def exhausted(data: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(reader, "_parsed", exhausted)
    assert refusal(OURS) == "it does not fit into memory"


def test_a_byte_order_mark_and_keys_twice_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "0001_x.json"
    path.write_bytes(b"\xef\xbb\xbf" + OURS.read_bytes().replace(b'"version"', b'"version": 1, "version"'))
    assert read_session(path).version == "5.3.1"


def test_half_characters_never_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text(r'{"benchmarks": [{"fullname": "a\ud800b", "group": "\ud83d\ude00"}], "datetime": "\udfff"}')
    session = read_session(path)
    assert (session.benchmarks[0].fullname, session.benchmarks[0].group) == ("a?b", "\U0001f600")
    repr(session).encode()
    path.write_text(r'{"benchmarks": [], "parabench": "\ud800"}')
    assert refusal(path) == "parabench is '?', not an object"


def test_a_file_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/0001_\xff.json"))
    path.touch()
    [error] = read_folder(tmp_path)[1]
    assert error.path == path
    assert str(error).encode() == f"cannot read the stored session {tmp_path}/0001_?.json: it is empty; ".encode() + (
        b"move the file away or restore it"
    )


def test_a_folder_is_read_in_the_order_of_machines_and_numbers(tmp_path: Path) -> None:
    store(tmp_path / "b", "0002_x.json", "10000_x.json", "0010_x.json")
    store(tmp_path / "a", "0009_x.json")
    sessions, unreadable = read_folder(tmp_path)
    assert [(s.path.parent.name, s.number) for s in sessions] == [("a", 9), ("b", 2), ("b", 10), ("b", 10000)]
    assert unreadable == []
    assert [s.number for s in read_folder(tmp_path, "b")[0]] == [2, 10, 10000]
    assert read_folder(tmp_path, "c") == read_folder(tmp_path / "nowhere") == ([], [])
    assert [s.number for s in read_folder(tmp_path / "b")[0]] == [2, 10, 10000], "a machine's folder can be given"


def test_a_bad_file_is_listed_and_hides_no_other(tmp_path: Path) -> None:
    good = store(tmp_path / "m", "0001_x.json", "0005_x.json")
    for name, content in (("0002_x", "{"), ("0003_x", "[]"), ("0004_x", json.dumps({"benchmarks": [None]}))):
        (tmp_path / "m" / f"{name}.json").write_text(content)
    (tmp_path / "m" / "0006_folder.json").mkdir()
    (tmp_path / "m" / "0007_gone.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "m" / "0008_pipe.json")
    sessions, unreadable = read_folder(tmp_path)
    assert [session.path for session in sessions] == good
    assert [error.path.name[:4] for error in unreadable] == ["0002", "0003", "0004", "0006", "0007", "0008"]


def test_stray_files_and_deeper_folders_are_no_sessions(tmp_path: Path) -> None:
    [good] = store(tmp_path / "m", "0001_x.json")
    for name in (
        "README.md",
        ".0002.claim",
        ".saving-x",
        ".session-1.journal",
        "notes.json",
        "12_x.json",
        "0002_x.txt",
    ):
        (tmp_path / "m" / name).write_text("not a session")
        (tmp_path / name).write_text("not a session")
    store(tmp_path / "m" / "archive", "0003_x.json")
    sessions, unreadable = read_folder(tmp_path)
    assert ([session.path for session in sessions], unreadable) == ([good], [])


def test_links_lead_nowhere_twice(tmp_path: Path) -> None:
    [good] = store(tmp_path / "m", "0002_x.json")
    (tmp_path / "m" / "0001_same.json").symlink_to(good)
    (tmp_path / "m" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "m")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    sessions, unreadable = read_folder(tmp_path)
    assert ([session.path for session in sessions], unreadable) == ([good], [])


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(tmp_path / "good", "0001_x.json")
    (tmp_path / "bad").mkdir()
    listed = files.store.numbered_entries

    def numbered_entries(folder: Path) -> list[tuple[int, os.DirEntry[str]]]:
        if folder.name == "bad":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(files.store, "numbered_entries", numbered_entries)
    found, [error] = read_folder(tmp_path)
    assert len(found) == 1
    assert str(error).startswith(f"cannot read the stored session {tmp_path / 'bad'}: Permission denied; ")
    file = tmp_path / "good" / "0001_x.json"
    found, [error] = read_folder(file)
    assert (found, error.path) == ([], file)
    assert "Not a directory" in str(error)
