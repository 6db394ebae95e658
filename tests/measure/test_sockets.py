"""Sockets of multiprocessing belong to the session, whatever its folders are called, and no session takes another's."""

from __future__ import annotations

import multiprocessing.process
import os
import shutil
import sys
from collections.abc import Iterator
from multiprocessing.connection import Listener
from pathlib import Path

import pytest

from parabench.measure import watchdog
from parabench.measure.scratch import name_of_scratch
from parabench.measure.sockets import LONGEST_PATH, place_sockets

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there multiprocessing has pipes, which leave nothing")


@pytest.fixture(autouse=True)
def sockets_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    config = multiprocessing.process.current_process()._config  # type: ignore[attr-defined]
    monkeypatch.setitem(config, "tempdir", None)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What takes the place of /dev/shm: a folder with a short path."""
    folder = Path("/tmp") / f"parabench-trees-{name_of_scratch()[-8:]}"
    folder.mkdir()
    monkeypatch.setattr(watchdog, "_SHARED_MEMORY", folder)
    yield folder
    shutil.rmtree(folder)


def folder_of_a_socket() -> Path:
    with Listener(family="AF_UNIX") as listener:
        assert Path(str(listener.address)).is_socket()
        return Path(str(listener.address)).parent


@pytest.mark.parametrize("letters", [1, 200])
def test_sockets_are_in_the_sessions_folder_of_shared_memory(tmp_path: Path, shared: Path, letters: int) -> None:
    session = tmp_path / (letters * "a") / name_of_scratch()
    place_sockets(str(session))
    place_sockets(str(session))  # as every cell of the session does
    assert folder_of_a_socket() == shared / session.name
    assert (shared / session.name).stat().st_mode & 0o777 == 0o700
    watchdog.sweep_shared_memory(str(session))
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("taken_by", ["a link", "a file", "another user"])
def test_a_folder_that_is_not_ours_takes_no_sockets(
    taken_by: str, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Path("/tmp") / name_of_scratch()
    place = shared / session.name
    if taken_by == "a link":
        place.symlink_to(tmp_path)
    elif taken_by == "a file":
        place.touch()
    else:
        place.mkdir()
        monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    session.mkdir()
    try:
        place_sockets(str(session))
        assert folder_of_a_socket() == session
    finally:
        shutil.rmtree(session)


def test_a_session_with_a_long_path_and_no_shared_memory_leaves_sockets_to_multiprocessing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_SHARED_MEMORY", tmp_path / "none")
    session = tmp_path / (LONGEST_PATH * "a") / name_of_scratch()
    place_sockets(str(session))
    assert folder_of_a_socket().name.startswith("pymp-")


def test_the_longest_path_takes_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_SHARED_MEMORY", tmp_path / "none")
    session = Path("/tmp") / name_of_scratch()
    session = session.with_name(session.name + "-" * (LONGEST_PATH - len(str(session))))
    session.mkdir()
    try:
        place_sockets(str(session))
        assert folder_of_a_socket() == session
    finally:
        shutil.rmtree(session)
