"""Results of many machines in one place: a URL of fsspec's, of which a local folder is a mirror.

Sessions never change once they are stored, so each is fetched once, and whatever reads a folder reads the mirror.
What is stored into a mirror is sent to its URL, under a name that nobody else can have: a number is free when it is
taken, but two machines may take it at once. What could not be sent is kept, and sent when the URL is used next.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from parabench.errors import RemoteUnusable
from parabench.history.cache import cache_folder

#: In the folder of a mirror: where it is one of.
_ORIGIN = ".remote.json"
#: Beside a session that has not been sent yet, before its name.
_PENDING = ".pending-"
#: Names that are fetched: a machine's folder and a numbered file; never one that leads out of the mirror.
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SESSION = re.compile(r"\d{4,}_[A-Za-z0-9_.+-]*\.json")
#: Places where a file that is being written can be seen: it is written aside there, and moved.
_SEEN_EARLY = {"file", "local", "sftp", "ssh"}


def is_url(text: str) -> bool:
    """Whether results are meant that are not in a folder of this machine."""
    return re.match(r"[a-z][a-z0-9+.-]*://", text) is not None


def local_folder(text: str, root: Path | None = None) -> Path:
    """The folder that a text names, below `root` if it is relative, or the mirror of the URL, with all that is there.

    Raises RemoteUnusable.
    """
    if not is_url(text):
        return (root or Path()) / text
    parts = urlsplit(text)
    if parts.password is not None:
        shown = text.replace(f":{parts.password}@", ":...@")
        raise RemoteUnusable(shown, "it has a password in it, which would be stored and shown; its library finds one")
    url = text.rstrip("/")
    folder = cache_folder() / "remotes" / hashlib.sha256(url.encode()).hexdigest()[:16]
    with _errors_named(url):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _ORIGIN).write_text(json.dumps({"url": url}), encoding="utf-8")
        files, place = _opened(url)
        _send_pending(files, place, folder)
        _fetch(files, place, folder)
    return folder


def origin_of(folder: Path) -> str | None:
    """The URL that a results folder is a mirror of; None for any other folder."""
    try:
        return str(json.loads((folder / _ORIGIN).read_text(encoding="utf-8"))["url"])
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def stored(machine_folder: Path, name: str) -> Iterator[str]:
    """The name under which a session may be stored in a machine's folder; what is there afterwards is sent.

    Raises RemoteUnusable when it cannot be sent: it is kept in the mirror, and sent when the URL is used next.
    """
    url = origin_of(machine_folder.parent)
    if url is None:
        yield name
        return
    unique = f"{name}_{secrets.token_hex(4)}"
    machine_folder.mkdir(parents=True, exist_ok=True)
    marker = machine_folder / f"{_PENDING}{unique}"
    marker.touch()  # before the session is there: a reader of this mirror would take it for one that was removed
    with contextlib.suppress(RemoteUnusable), _errors_named(url):  # for its number; sending tells what is wrong
        files, place = _opened(url)
        _fetch(files, place, machine_folder.parent)
    yield unique
    with _errors_named(url, kept=next(machine_folder.glob(f"*_{unique}.json"), None)):
        files, place = _opened(url)
        _send(files, place, marker)


def remove(path: Path) -> None:
    """Remove a session from its folder and, where that is a mirror, from the URL first. Raises RemoteUnusable."""
    url = origin_of(path.parent.parent)
    if url is not None:
        with _errors_named(url):
            files, place = _opened(url)
            target = f"{place}/{path.parent.name}/{path.name}"
            if files.exists(target):
                files.rm_file(target)
        for marker in path.parent.glob(f"{_PENDING}*"):
            if path.stem.endswith(marker.name.removeprefix(_PENDING)):
                marker.unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _opened(url: str) -> tuple[Any, str]:
    import fsspec

    files, place = fsspec.core.url_to_fs(url)
    return files, str(place).rstrip("/")


@contextlib.contextmanager
def _errors_named(url: str, kept: Path | None = None) -> Iterator[None]:
    """Whatever a library of somebody else's raises, as the error that names the URL."""
    try:
        yield
    except ImportError as error:
        raise RemoteUnusable(url, f"{error}; pip install 'parabench[remote]' brings fsspec and S3", kept) from error
    except RemoteUnusable:
        raise
    except Exception as error:  # each kind of place has errors of its own
        raise RemoteUnusable(url, f"{type(error).__name__}: {error}", kept) from error


def _listed(files: Any, place: str) -> dict[str, int]:
    """Size of each session there, by machine folder and name."""
    files.invalidate_cache()
    try:
        entries = files.find(place, maxdepth=2, detail=True)
    except FileNotFoundError:
        return {}
    sizes = {}
    for path, about in entries.items():
        *_, folder, name = PurePosixPath(path).parts
        if _FOLDER.fullmatch(folder) and _SESSION.fullmatch(name) and str(path).endswith(f"{place}/{folder}/{name}"):
            sizes[f"{folder}/{name}"] = int(about["size"])
    return sizes


def _fetch(files: Any, place: str, folder: Path) -> None:
    """Bring what is new, and remove what is no longer there."""
    there = _listed(files, place)
    missing = [name for name, size in there.items() if not _is_whole(folder / name, size)]
    for name in missing:
        (folder / name).parent.mkdir(exist_ok=True)
    asides = [str((folder / name).with_name(f".fetching-{secrets.token_hex(4)}")) for name in missing]
    if missing:
        files.get([f"{place}/{name}" for name in missing], asides)
    for name, aside in zip(missing, asides, strict=True):
        Path(aside).replace(folder / name)
    for path in folder.glob("*/*.json"):
        is_ours = any(
            path.stem.endswith(pending.name.removeprefix(_PENDING)) for pending in path.parent.glob(f"{_PENDING}*")
        )
        if _SESSION.fullmatch(path.name) and f"{path.parent.name}/{path.name}" not in there and not is_ours:
            path.unlink(missing_ok=True)


def _is_whole(path: Path, size: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size == size
    return False


def _send_pending(files: Any, place: str, folder: Path) -> None:
    for marker in folder.glob(f"*/{_PENDING}*"):
        _send(files, place, marker)


def _send(files: Any, place: str, marker: Path) -> None:
    """Send the session that a marker stands for, if it has been stored, and forget the marker."""
    for path in marker.parent.glob(f"*_{marker.name.removeprefix(_PENDING)}.json"):
        target = f"{place}/{path.parent.name}/{path.name}"
        _make_folder(files, f"{place}/{path.parent.name}")
        protocols = {files.protocol} if isinstance(files.protocol, str) else {*files.protocol}
        if protocols & _SEEN_EARLY:
            aside = f"{place}/{path.parent.name}/.saving-{path.name}"
            files.put_file(str(path), aside)
            files.mv(aside, target)
        else:
            files.put_file(str(path), target)
        marker.unlink(missing_ok=True)


def _make_folder(files: Any, folder: str) -> None:
    """Make a folder and those above it.

    Over SSH `exist_ok` looks before it makes, so another machine may make one in between: once for each level.
    """
    for others in reversed(range(len(PurePosixPath(folder).parts))):
        try:
            files.makedirs(folder, exist_ok=True)
        except OSError:
            if not others:
                raise
        else:
            return
