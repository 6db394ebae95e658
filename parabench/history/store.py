"""The results folder: `results/<machine id>/NNNN_<commit>_<time>.json`, one whole file a session, never overwritten."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parabench.errors import ResultsKeptElsewhere, StoreNotWritable
from parabench.history import remote

_NUMBERED = re.compile(r"^(\d{4,})_.*\.json$")
_CLAIM = re.compile(r"^\.(\d{4,})\.claim$")


def check_writable(folder: Path) -> None:
    """Raise StoreNotWritable unless files can be made in the folder; makes it if needed. Asked before measuring."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreNotWritable(folder, error) from error


def save(folder: Path, name: str, session: dict[str, Any]) -> Path:
    """Store a session as the next number of a folder and return its path.

    The file appears whole or not at all (written aside, flushed, linked into place), under a number that no session
    saving at the same time can take. Where the folder is a mirror of a URL it is sent there, too. Raises
    StoreNotWritable when the folder does not take it, and RemoteUnusable when the URL does not.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with remote.stored(folder, name) as own_name, _claimed_number(folder) as number:
            return write_whole(folder / f"{number:04}_{own_name}.json", _text(session), mode=0o644)
    except OSError as error:
        raise StoreNotWritable(folder, error) from error


def save_or_keep(folder: Path, name: str, session: dict[str, Any]) -> Path:
    """Store a session; when the folder has become unwritable since it was checked, keep it in a temporary file.

    Raises ResultsKeptElsewhere, which names that file, or StoreNotWritable when not even that was possible.
    """
    try:
        return save(folder, name, session)
    except StoreNotWritable as error:
        try:
            # In a folder of all users: a name that nobody can foresee, a file that was not there, for this user alone.
            handle, kept = tempfile.mkstemp(prefix=f"parabench-unsaved-{os.getpid()}-{name}-", suffix=".json")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(session, file)
        except OSError:
            raise error from None
        raise ResultsKeptElsewhere(error, Path(kept)) from error


def remove(path: Path) -> None:
    """Remove a session that another file replaces, if it is there.

    Where its folder is a mirror of a URL it is removed from there, too. Raises RemoteUnusable when that cannot be
    reached; then it stays here as well.
    """
    remote.remove(path)


def sessions(folder: Path) -> list[Path]:
    """Stored sessions of one machine's folder, oldest number first."""
    return [Path(entry.path) for _, entry in numbered_entries(folder)]


def numbered_entries(folder: Path) -> list[tuple[int, os.DirEntry[str]]]:
    """The same with their numbers, as the folder lists them: what each is costs no further question."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        numbered = [(int(match[1]), entry) for entry in entries if (match := _NUMBERED.match(entry.name))]
    return sorted(numbered, key=lambda numbered_entry: (numbered_entry[0], numbered_entry[1].name))


@contextlib.contextmanager
def _claimed_number(folder: Path) -> Iterator[int]:
    """A number of the folder that is ours alone until the file is in place.

    Creating the claim is exclusive on every file system. A session that finished between our listing and our claim
    has its file in place before it drops its claim, so listing once more after claiming finds it.
    """
    number = _highest(folder) + 1
    while True:
        claim = folder / f".{number:04}.claim"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            number += 1
            continue
        if any(int(match[1]) == number for match in _matches(folder, _NUMBERED)):
            claim.unlink()
            number = _highest(folder) + 1
            continue
        break
    try:
        yield number
    finally:
        claim.unlink(missing_ok=True)


def _matches(folder: Path, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    for name in os.listdir(folder):
        match = pattern.match(name)
        if match:
            yield match


def _highest(folder: Path) -> int:
    """Highest number taken by a file or claimed by a session (a claim left by a crash only leaves a gap)."""
    taken = [*_matches(folder, _NUMBERED), *_matches(folder, _CLAIM)]
    return max((int(match[1]) for match in taken), default=0)


def _text(session: dict[str, Any]) -> str:
    """A session as JSON with a line for each key and each benchmark: a third of the size of one for each number."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=True, allow_nan=False)

    parts = []
    for key, value in session.items():
        entries = ",\n".join(map(line, value)) if key == "benchmarks" else ""
        parts.append(f"{line(key)}: " + (f"[\n{entries}\n]" if entries else line(value)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_whole(path: Path, text: str, *, mode: int) -> Path:
    """Put a text into a file that is there as a whole or not at all, also after a power cut. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=".saving-", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(mode)
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    with contextlib.suppress(OSError):  # some file systems cannot flush folders
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    return path
