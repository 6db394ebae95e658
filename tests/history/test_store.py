import json
import multiprocessing
import os
import re

import pytest

from parabench.errors import ParabenchError, StoreNotWritable
from parabench.history import store

SESSION = {"benchmarks": [{"name": "x", "stats": {"data": [0.1]}}]}


def save_many(folder, times):
    for _ in range(times):
        store.save(folder, "abc_time", SESSION)


def test_sessions_are_numbered_one_after_the_other(tmp_path):
    first, second = (store.save(tmp_path / "m", "abc", SESSION) for _ in range(2))
    assert (first.name, second.name) == ("0001_abc.json", "0002_abc.json")
    assert store.sessions(tmp_path / "m") == [first, second]
    assert json.loads(second.read_text()) == SESSION


def test_sessions_saving_at_once_never_share_a_number(tmp_path):
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    processes = [context.Process(target=save_many, args=(tmp_path, 50)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    names = sorted(os.listdir(tmp_path))
    assert [process.exitcode for process in processes] == [0] * 8
    assert [int(name[:4]) for name in names] == list(range(1, 401)), "distinct numbers, nothing else left in the folder"
    for name in names:
        assert json.loads((tmp_path / name).read_text()) == SESSION


def test_a_claim_left_by_a_crash_only_leaves_a_gap(tmp_path):
    (tmp_path / ".0001.claim").touch()
    assert store.save(tmp_path, "abc", SESSION).name == "0002_abc.json"


def test_a_session_that_json_cannot_hold_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        store.save(tmp_path, "abc", {"benchmarks": [float("nan")]})
    assert os.listdir(tmp_path) == []


def test_a_folder_that_takes_no_files_is_said_with_what_to_do(tmp_path):
    blocked = tmp_path / "results"
    blocked.write_text("a file where the folder should be")
    for attempt in (lambda: store.check_writable(blocked / "m"), lambda: store.save(blocked / "m", "abc", SESSION)):
        with pytest.raises(StoreNotWritable, match=re.escape(f"cannot write results into {blocked / 'm'}")) as caught:
            attempt()
        assert "--results DIR" in str(caught.value)


def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ParabenchError, match="No space left on device"):
        store.save(tmp_path, "abc", SESSION)
    assert os.listdir(tmp_path) == []
