"""Which files below a results folder are sessions, in which order; nothing is read."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from parabench.errors import HistoryUnreadable
from parabench.history import store


def session_files(
    results: Path, machine_id: str | None = None
) -> tuple[list[tuple[Path, os.stat_result]], list[HistoryUnreadable]]:
    """The files of sessions below a results folder, each once and in order, and an error for what cannot be listed."""
    files: list[tuple[tuple[str, int, str], Path, os.stat_result]] = []
    unreadable: list[HistoryUnreadable] = []
    seen: set[tuple[int, int]] = set()
    for folder in _folders(Path(results), machine_id, unreadable):
        for number, entry in _files(folder, unreadable):
            try:
                status = entry.stat()
            except (OSError, ValueError) as error:
                unreadable.append(unreadable_file(Path(entry.path), getattr(error, "strerror", None) or str(error)))
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                files.append(((folder.name, number, entry.name), Path(entry.path), status))
    files.sort(key=lambda file: file[0])
    return [(path, status) for _, path, status in files], unreadable


def _folders(results: Path, machine_id: str | None, unreadable: list[HistoryUnreadable]) -> list[Path]:
    """The folders that may hold sessions; links last, so that a file is named by the path that is its own."""
    if machine_id is not None:
        return [results / machine_id]
    try:
        with os.scandir(results) as entries:
            folders = [Path(entry.path) for entry in entries if _is_folder(entry)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        unreadable.append(unreadable_file(results, getattr(error, "strerror", None) or str(error)))
        return []
    return [results, *sorted(folders, key=lambda folder: (_is_link(folder), folder.name))]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):  # a link that leads to itself
        return entry.is_dir()
    return False


def _is_link(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.is_symlink()
    return False


def _files(folder: Path, unreadable: list[HistoryUnreadable]) -> list[tuple[int, os.DirEntry[str]]]:
    """The numbered files of a folder, links last."""
    try:
        return sorted(store.numbered_entries(folder), key=lambda numbered: numbered[1].is_symlink())
    except (OSError, ValueError) as error:
        unreadable.append(unreadable_file(folder, getattr(error, "strerror", None) or str(error)))
        return []


def place_of(path: Path) -> tuple[str, int, str]:
    """Machine folder, number and name: the order in which sessions are listed."""
    number = re.match(r"\d+", path.name)
    return path.parent.name, int(number[0]) if number else -1, path.name


def printable(text: str) -> str:
    """A text without halves of characters: a question mark for each."""
    return text.encode("utf-8", "replace").decode("utf-8")


def unreadable_file(path: Path, problem: str) -> HistoryUnreadable:
    """The error that names a file and what is wrong with it."""
    return HistoryUnreadable(path, printable(problem))
