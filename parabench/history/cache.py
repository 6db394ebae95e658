"""Summaries kept from the last time, so that a file is decoded once. Derived: it may be deleted at any time.

One file for each results folder, in the user's cache folder ($XDG_CACHE_HOME, ~/.cache), so that nothing is added to
the results, and results that may only be read are served as well. A session's entry holds while its file keeps its
size, its time of change in nanoseconds and its inode; results are written aside and renamed into place, so a file that
was replaced has another inode. Someone who edits a file in place and sets its time back is not noticed.

A file begins with a digest of the rest. One that does not agree is damaged, and is as good as none.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
import sys
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parabench.history.summary import CellKey, Layout, SessionSummary
from parabench.records import CellId

#: Changes with whatever is kept or with how summaries are made: entries of another version are not believed.
VERSION = 3
#: Where an entry has the place of its layout.
_PLACE = -3
#: Less than this is decoded by json before msgspec would be imported.
_BYTES_LARGE = 1 << 23
#: What a file is, as bytes: still JSON, and the digest can be checked before anything is decoded.
_FRAME = b'{"sha256":"%b","content":%b}'


class Cache:
    """The summaries of one results folder."""

    def __init__(self, path: Path | None, results: Path) -> None:
        self._path = path
        self._results = f"{results}{os.sep}"
        self._entries: dict[str, list[Any]] = {}
        #: Layouts in the order of their places, and the places; layouts are shared, their identity will do.
        self._layouts: list[Layout] = []
        self._places: dict[int, int] = {}
        #: Every layout that a session has, by itself.
        self.layouts: dict[Layout, Layout] = {}
        self._changed = False

    @classmethod
    def load(cls, results: Path) -> Cache:
        """What is kept for a results folder; nothing when it cannot be read, whatever the reason."""
        cache = cls(path_of(results), results)
        with contextlib.suppress(OSError):
            assert cache._path is not None
            cache._take(cache._path.read_bytes())
        return cache

    @classmethod
    def without(cls, results: Path) -> Cache:
        """A cache that leaves nothing behind."""
        return cls(None, results)

    def get(self, path: Path, status: os.stat_result) -> SessionSummary | None:
        """The summary of a file as it is now; None when it has to be read."""
        entry = self._entries.get(self._name(path))
        if entry is None or entry[0] != [status.st_size, status.st_mtime_ns, status.st_ino]:
            return None
        return self._summary(path, entry)

    def put(self, path: Path, status: os.stat_result, summary: SessionSummary) -> None:
        """Keep the summary of a file."""
        self._changed = True
        place = self._place_of(summary.layout)
        self._entries[self._name(path)] = [
            [status.st_size, status.st_mtime_ns, status.st_ino],
            [summary.number, summary.machine_id, summary.commit_id, summary.dirty],
            summary.datetime.isoformat() if summary.datetime else None,
            [summary.interpreter, summary.version, summary.interrupted, summary.noisy],
            list(summary.tags),
            [[*cell, reason] for cell, reason in summary.failed.items()],
            place,
            _packed(summary.seconds),
            {metric: _packed(numbers) for metric, numbers in summary.figures.items()},
        ]

    def told(self) -> bytes:
        """All summaries, as they are kept."""
        return _encode({"version": VERSION, "layouts": self._layouts, "entries": self._entries})

    def add(self, data: bytes) -> None:
        """Keep what another cache of these results has told; nothing of it if it is damaged."""
        self._take(data)
        self._changed = True

    def _take(self, data: bytes) -> None:
        content = _decode(data)
        if content is None or content["version"] != VERSION:
            return
        places = [self._place_of(tuple(map(_key_of, layout))) for layout in content["layouts"]]
        for entry in content["entries"].values():
            entry[_PLACE] = places[entry[_PLACE]]
        self._entries |= content["entries"]

    def _place_of(self, layout: Layout) -> int:
        layout = self.layouts.setdefault(layout, layout)
        if id(layout) not in self._places:
            self._places[id(layout)] = len(self._layouts)
            self._layouts.append(layout)
        return self._places[id(layout)]

    def save(self, files: set[Path]) -> None:
        """Write what has changed, for the files that there are. A cache that cannot be written is none."""
        if self._path is None or not self._changed:
            return
        names = set(map(self._name, files))
        entries = {name: entry for name, entry in self._entries.items() if name in names}
        self._entries = entries
        data = self.told()
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(aside).replace(self._path)

    def _name(self, path: Path) -> str:
        return str(path).removeprefix(self._results)

    def _summary(self, path: Path, entry: list[Any]) -> SessionSummary:
        _, (number, machine_id, commit_id, dirty), when, circumstances, tags, failed, place, seconds, figures = entry
        interpreter, version, interrupted, noisy = circumstances
        layout = self._layouts[place]
        return SessionSummary(
            path=path,
            number=number,
            machine_id=machine_id,
            commit_id=commit_id,
            dirty=dirty,
            datetime=dt.datetime.fromisoformat(when) if when else None,
            interpreter=interpreter,
            version=version,
            interrupted=interrupted,
            noisy=noisy,
            tags=tuple(tags),
            failed={CellId(*cell): reason for *cell, reason in failed},
            layout=layout,
            seconds=_unpacked(seconds),
            figures=_Kept(figures),
        )


class _Kept(Mapping[str, Sequence[float]]):
    """Figures as they are kept: each is unpacked when it is asked for, and most of them never are."""

    def __init__(self, packed: Mapping[str, str]) -> None:
        self._packed = packed
        self._unpacked: dict[str, Sequence[float]] = {}

    def __getitem__(self, metric: str) -> Sequence[float]:
        if metric not in self._unpacked:
            self._unpacked[metric] = _unpacked(self._packed[metric])
        return self._unpacked[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def cache_folder() -> Path:
    """Where this user keeps what can be made again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "parabench"


def path_of(results: Path) -> Path:
    """Where the summaries of a results folder are kept."""
    digest = hashlib.sha256(os.path.realpath(results).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / f"{digest}.json"


def _packed(numbers: Sequence[float]) -> str:
    """Exact, and read back in no time: the bytes of the numbers."""
    packed = array("d", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return base64.b64encode(packed).decode()


def _unpacked(text: str) -> Sequence[float]:
    numbers = array("d", base64.b64decode(text))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _key_of(fields: list[Any]) -> CellKey:
    *others, cell = fields
    name, kind, source_hash, circumstances = others
    return CellKey(name, kind, source_hash, circumstances, None if cell is None else CellId(*cell))


def _encode(content: dict[str, Any]) -> bytes:
    encoded = json.dumps(content, separators=(",", ":")).encode()
    return _FRAME % (_digest(encoded), encoded)


def _decode(data: bytes) -> Any:
    """The content of a file; a large one by msgspec if it is there: the same, sooner. None if it is damaged."""
    start = len(_FRAME % (_digest(b""), b"")) - 1
    content = data[start:-1]
    if data != _FRAME % (_digest(content), content):
        return None
    if len(content) < _BYTES_LARGE:
        return json.loads(content)
    try:
        import msgspec
    except ImportError:
        return json.loads(content)
    with contextlib.suppress(msgspec.DecodeError):  # the name of a file that is no UTF-8 is JSON for the other one only
        return msgspec.json.decode(content)
    return json.loads(content)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
