"""Results at a URL: mirrored once, written under names of their own. Real servers are in test_remote_servers.py."""

import json
from pathlib import Path

import pytest

from parabench.errors import RemoteUnusable
from parabench.history import remote, store
from parabench.history.sessions import read_summaries

SAMPLE = json.loads((Path(__file__).parent / "samples" / "parabench_2.json").read_text())
MACHINE = SAMPLE["parabench"]["machine_id"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def memory():
    """fsspec's place in memory, empty."""
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def elsewhere(monkeypatch, tmp_path, name):
    """Go on as on another machine, whose cache knows nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))


def test_a_folder_is_a_folder_and_a_url_is_none(tmp_path):
    assert remote.local_folder("results", tmp_path) == tmp_path / "results"
    assert remote.local_folder(str(tmp_path / "a"), Path("/b")) == tmp_path / "a"
    assert [remote.is_url(text) for text in ("s3://b/x", "memory://x", "a/b", "c:/d")] == [True, True, False, False]


def test_what_is_stored_in_a_mirror_is_found_by_another_machine(memory, tmp_path, monkeypatch):
    mirror = remote.local_folder("memory://all/results")
    path = store.save(mirror / MACHINE, "abc", SAMPLE)
    assert path.name.startswith("0001_abc_")
    assert memory.find("/all/results") == [f"/all/results/{MACHINE}/{path.name}"]
    elsewhere(monkeypatch, tmp_path, "other")
    other = remote.local_folder("memory://all/results/")
    assert other != mirror
    assert [session.path.name for session in read_summaries(other).sessions] == [path.name]
    assert store.save(other / MACHINE, "abc", SAMPLE).name.startswith("0002_abc_")
    assert not list(other.glob(f"{MACHINE}/.pending-*"))


def test_a_folder_that_another_machine_makes_at_the_same_moment_is_no_error(memory, monkeypatch):
    mirror = remote.local_folder("memory://all/results")
    missing = ["/all", "/all/results", f"/all/results/{MACHINE}"]

    def makedirs(path, exist_ok):
        if missing:  # the library looked, then another machine made it, then the library makes it
            raise OSError("File exists", missing.pop(0))

    monkeypatch.setattr(memory, "makedirs", makedirs)
    path = store.save(mirror / MACHINE, "abc", SAMPLE)
    assert memory.find("/all/results") == [f"/all/results/{MACHINE}/{path.name}"]


def test_a_folder_that_cannot_be_made_is_told(memory, monkeypatch):
    mirror = remote.local_folder("memory://all/results")

    def makedirs(path, exist_ok):
        raise OSError("Permission denied")

    monkeypatch.setattr(memory, "makedirs", makedirs)
    with pytest.raises(RemoteUnusable, match="OSError: Permission denied; the session is kept in"):
        store.save(mirror / MACHINE, "abc", SAMPLE)


def test_what_is_removed_from_a_mirror_is_removed_for_all(memory, tmp_path, monkeypatch):
    mirror = remote.local_folder("memory://all/results")
    partial, whole = (store.save(mirror / MACHINE, name, SAMPLE) for name in ("partial", "whole"))
    store.remove(partial)
    assert memory.find("/all/results") == [f"/all/results/{MACHINE}/{whole.name}"]
    again = remote.local_folder("memory://all/results")
    assert [session.path.name for session in read_summaries(again).sessions] == [whole.name]
    store.remove(partial)  # it may be gone


def test_what_was_not_sent_yet_is_removed_with_its_marker(memory, monkeypatch):
    mirror = remote.local_folder("memory://all/results")
    with monkeypatch.context() as patched:
        patched.setattr(remote, "_opened", unreachable)
        with pytest.raises(RemoteUnusable) as caught:
            store.save(mirror / MACHINE, "partial", SAMPLE)
    assert list(mirror.glob(f"{MACHINE}/.pending-*"))
    store.remove(caught.value.kept)
    assert [path.name for path in (mirror / MACHINE).iterdir()] == []
    assert remote.local_folder("memory://all/results") == mirror
    assert memory.find("/all/results") == []


def unreachable(url):
    raise OSError("it cannot be reached")


def test_each_session_is_fetched_once_and_what_is_removed_there_is_removed_here(memory, monkeypatch):
    names = [f"{number:04}_made.json" for number in range(1, 1_001)]
    memory.makedirs(f"/all/{MACHINE}")
    for name in (*names, "../0009_out.json", ".saving-0007_x.json"):
        memory.pipe_file(f"/all/{MACHINE}/{name}", json.dumps(SAMPLE).encode())
    fetched = []
    get = type(memory).get
    monkeypatch.setattr(type(memory), "get", lambda self, there, here: fetched.extend(there) or get(self, there, here))
    folder = remote.local_folder("memory://all")
    assert sorted(path.name for path in folder.glob("*/*")) == names
    memory.rm_file(f"/all/{MACHINE}/{names[0]}")
    remote.local_folder("memory://all")
    assert len(fetched) == len(names)
    assert len(read_summaries(folder).sessions) == len(names) - 1


def test_what_cannot_be_sent_is_kept_and_sent_later(memory, monkeypatch):
    mirror = remote.local_folder("memory://all")

    def refuse(*arguments, **options):
        raise PermissionError("no writing today")

    with monkeypatch.context() as patched:
        patched.setattr(type(memory), "put_file", refuse)
        with pytest.raises(RemoteUnusable, match=r"PermissionError: no writing today; the session is kept") as caught:
            store.save(mirror / MACHINE, "abc", SAMPLE)
    assert [caught.value.kept] == list(mirror.glob("*/0001_abc_*.json"))
    remote.local_folder("memory://all")
    assert len(memory.find("/all")) == 1
    assert len(list(mirror.glob("*/0001_abc_*.json"))) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ssh://me:secret@host/x", r"results at ssh://me:\.\.\.@host/x cannot be used: it has a password in it"),
        ("nonsense://x", r"results at nonsense://x cannot be used: .*nonsense"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(url, message):
    pytest.importorskip("fsspec")
    with pytest.raises(RemoteUnusable, match=message) as caught:
        remote.local_folder(url)
    assert "secret" not in str(caught.value)
