import errno
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from parabench.errors import JournalDamaged, JournalNotWritable
from parabench.history import journal, session_journal
from parabench.history.journal import Journal


@pytest.fixture
def begun(tmp_path):
    """A journal with a header and two lines."""
    one = Journal.begin(tmp_path, "one", {"started": "now"})
    one.append({"cell": "a", "n": 1})
    one.append({"cell": "b", "n": 2})
    return one


def test_what_is_appended_is_read_back(begun):
    entries = journal.read(begun.path)
    assert entries.header == {"journal": 1, "started": "now"}
    assert [line["cell"] for line in entries.lines] == ["a", "b"]
    assert entries.bytes_whole == begun.path.stat().st_size


@pytest.mark.parametrize("keep", range(1, 18))
def test_a_torn_last_line_is_forgiven_wherever_it_tore(begun, keep):
    begun.close()
    whole = begun.path.read_bytes()
    last = len(whole) - len(whole.splitlines(keepends=True)[-1])
    begun.path.write_bytes(whole[: last + keep])
    entries = journal.read(begun.path)
    assert [line["cell"] for line in entries.lines] == ["a"]
    resumed, _ = Journal.reopen(begun.path)
    resumed.append({"cell": "c"})
    assert [line["cell"] for line in journal.read(begun.path).lines] == ["a", "c"]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (2, b'{"cell": "a"', "line 2: Expecting"),
        (2, b"[]", "line 2: it is not an object"),
        (2, b"\xff\xfe", "line 2: "),
        (1, b'{"journal": 7}', "line 1: its version is 7, not 1"),
    ],
)
def test_anything_else_that_is_torn_names_file_and_line(begun, line, text, message):
    begun.close()
    lines = begun.path.read_bytes().splitlines()
    lines[line - 1] = text
    begun.path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(JournalDamaged, match=re.escape(f"cannot read the journal {begun.path}, {message}")):
        journal.read(begun.path)


@pytest.mark.parametrize(
    ("begin", "end", "kept"),
    [
        (-1, None, ["a", "b"]),  # the last end of a line
        (-18, -8, ["a"]),  # within the last line
        (-23, -8, ["a"]),  # the end of a line, and what begins behind it
    ],
)
def test_lines_beside_a_block_that_never_reached_the_disk_are_read(begun, begin, end, kept):
    begun.close()
    data = begun.path.read_bytes()
    part = data[slice(begin, end)]
    begun.path.write_bytes(data[:begin] + bytes(len(part)) + (data[end:] if end else b""))
    parts = journal.read_parts(begun.path)
    assert [line["cell"] for line in parts.lines] == kept
    assert [line for line, _ in parts.dropped], "nobody goes on with it as if it were whole"


def test_a_journal_without_its_header_is_damaged(tmp_path):
    path = tmp_path / ".session-x.journal"
    path.write_bytes(b'{"journal"')
    with pytest.raises(JournalDamaged, match="line 1: the header is missing"):
        journal.read(path)


def test_a_held_journal_is_no_orphan_and_a_left_one_is(begun, tmp_path):
    assert journal.orphans(tmp_path) == []
    begun.close()
    assert journal.orphans(tmp_path) == [begun.path]


def test_who_only_looks_at_a_journal_keeps_no_session_from_going_on_with_it(begun, tmp_path):
    begun.close()
    with begun.path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, [looking, fcntl.LOCK_UN]).start()
        Journal.reopen(begun.path)[0].close()


def test_a_killed_holder_leaves_an_orphan_with_every_line(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from parabench.history.journal import Journal\n"
        "one = Journal.begin(Path(sys.argv[1]), 'x', {'started': 'then'})\n"
        "for n in range(100): one.append({'cell': str(n)})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    (path,) = journal.orphans(tmp_path)
    assert [line["cell"] for line in journal.read(path).lines] == [str(n) for n in range(100)]


def test_discarding_removes_it(begun):
    begun.discard()
    assert not begun.path.exists()


def test_a_disk_that_is_full_keeps_what_was_whole_and_says_so(begun, monkeypatch):
    before = begun.path.read_bytes()
    real_write = os.write

    def full(descriptor, data):
        if len(data) > 5:
            return real_write(descriptor, data[:5])  # a part still fits
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(
        JournalNotWritable, match=r"No space left on device; measuring stops here, what is in it is kept"
    ):
        begun.append({"cell": "123456"})
    assert begun.path.read_bytes() == before
    json.loads(before.splitlines()[-1])


def test_a_folder_that_takes_no_journal_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(JournalNotWritable, match=re.escape(str(blocked))):
        Journal.begin(blocked, "x", {})


def no_locks(descriptor, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def no_room(descriptor, data):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("where", "name", "raises", "message"),
    [
        (fcntl, "flock", no_locks, "No locks available"),
        (os, "write", no_room, "No space left on device"),
    ],
)
def test_a_journal_that_cannot_begin_leaves_no_file(tmp_path, monkeypatch, where, name, raises, message):
    monkeypatch.setattr(where, name, raises)
    with pytest.raises(JournalNotWritable, match=rf"{message}; nothing was measured"):
        Journal.begin(tmp_path, "x", {})
    assert [*tmp_path.iterdir()] == []


def test_a_journal_whose_second_header_does_not_fit_leaves_no_file(tmp_path, monkeypatch):
    append, written = Journal.append, []

    def once(self, line):
        if written:
            raise JournalNotWritable(self.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        written.append(line)
        append(self, line)

    monkeypatch.setattr(Journal, "append", once)
    with pytest.raises(JournalNotWritable):
        session_journal.begin(tmp_path, {"cells": []})
    assert len(written) == 1
    assert [*tmp_path.iterdir()] == []


def test_a_number_that_is_none_is_refused_before_it_damages_the_journal(begun):
    before = begun.path.read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        begun.append({"cell": "a", "seconds": float("nan")})
    assert begun.path.read_bytes() == before
