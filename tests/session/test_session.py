"""A session's clock, and what becomes of its journal at the end."""

import contextlib
import types

import pytest

from parabench.errors import JournalNotWritable
from parabench.history.journal import Journal
from parabench.session import session as module
from parabench.session.option_table import OPTIONS
from parabench.session.options import Given, read_options
from parabench.session.session import Session
from parabench.workload import Workload


def noop(item):
    return item


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A session of one workload under one model, with nothing measured yet."""
    monkeypatch.setattr(module, "concerns_of", lambda *_: [])
    said = {entry.field: Given(entry.default, entry.flag, explicit=False) for entry in OPTIONS}
    said["results"] = Given(str(tmp_path), "--results", explicit=True)
    said["models"] = Given("sequential", "--models", explicit=True)
    options = read_options(said, tmp_path)
    return Session(options, workloads={"w": Workload(name="w", task=noop, kind="cpu", items=lambda size: [1])})


def plan(session):
    cells = {f"test[{cell.id}]": cell for cell in session.cells}
    session.plan(cells, {"id": "unversioned"}, on_wait=lambda _: None, on_concern=lambda _: None)


def whole(session):
    """Make the session one of which every planned visit was made."""
    session.schedule = types.SimpleNamespace(complete=True)


def journals(session):
    return [*session.folder.glob(".session-*.journal")]


def test_waiting_for_another_session_is_no_time_of_this_one(session, monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: clock.now))

    def acquire(*_):
        clock.now += 1000.0
        return types.SimpleNamespace(noisy=False, release=lambda: None)

    monkeypatch.setattr(module.SessionLock, "acquire", acquire)
    plan(session)
    with contextlib.closing(session):
        clock.now += 5.0
        assert session.seconds == 5.0


def test_a_whole_session_keeps_its_journal_until_it_is_known_to_be_stored(session):
    plan(session)
    whole(session)
    session.close()
    assert len(journals(session)) == 1
    assert session.problems == []


def test_the_journal_of_a_session_that_is_kept_is_removed(session):
    plan(session)
    whole(session)
    session.is_kept = True
    session.close()
    assert journals(session) == []


def test_what_goes_wrong_at_the_end_is_a_note(session, monkeypatch):
    plan(session)
    whole(session)
    session.is_kept = True
    session._stack.callback(lambda: int("x"))

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Journal, "discard", refuse)
    session.close()
    ended, journal = session.problems
    assert "did not end as it should: ValueError: invalid literal for int()" in ended
    assert "cannot remove the journal" in journal
    assert "Permission denied" in journal


def test_a_full_disk_at_the_end_is_a_note(session, monkeypatch):
    plan(session)
    session.stored = session.folder / "0001_unversioned.json"

    def refuse(self, line):
        raise JournalNotWritable(self.path, OSError(28, "No space left on device"))

    monkeypatch.setattr(Journal, "append", refuse)
    session.close()
    assert len(session.problems) == 1
    assert "No space left on device" in session.problems[0]
    assert len(journals(session)) == 1
