"""Summaries kept from the last time, so that a file is decoded once. Derived: it may be deleted at any time.

One file for each results folder, in the user's cache folder ($XDG_CACHE_HOME, ~/.cache), so that nothing is added to
the results, and results that may only be read are served as well. A session's entry holds while its file keeps its
size, its time of change in nanoseconds and its inode; results are written aside and renamed into place, so a file that
was replaced has another inode. Someone who edits a file in place and sets its time back is not noticed.

A file begins with a digest of the rest. One that does not agree is damaged, and is as good as none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

from parabench.history.summary import CellKey, Layout, SessionSummary
from parabench.records import CellId

#: Changes with whatever is kept or with how summaries are made: entries of another version are not believed.
VERSION = 2
#: What a file is, as bytes: still JSON, and the digest can be checked before anything is decoded.
_FRAME = b'{"sha256":"%b","content":%b}'


class Cache:
    """The summaries of one results folder."""

    def __init__(self, path: Path | None, results: Path) -> None:
        self._path = path
        self._results = f"{results}{os.sep}"
        self._entries: dict[str, list[Any]] = {}
        self._layouts: list[Layout] = []
        #: Every layout that a session has, by itself.
        self.layouts: dict[Layout, Layout] = {}
        self._changed = False

    @classmethod
    def load(cls, results: Path) -> Cache:
        """What is kept for a results folder; nothing when it cannot be read, whatever the reason."""
        cache = cls(path_of(results), results)
        with contextlib.suppress(OSError):
            assert cache._path is not None
            told = _decode(cache._path.read_bytes())
            if told is not None and told["version"] == VERSION:
                layouts = [tuple(map(_key_of, layout)) for layout in told["layouts"]]
                cache._layouts, cache._entries = layouts, told["entries"]
                cache.layouts = {layout: layout for layout in layouts}
        return cache

    @classmethod
    def without(cls) -> Cache:
        """A cache that keeps nothing."""
        return cls(None, Path())

    def get(self, path: Path, status: os.stat_result) -> SessionSummary | None:
        """The summary of a file as it is now; None when it has to be read."""
        entry = self._entries.get(self._name(path))
        if entry is None or entry[0] != [status.st_size, status.st_mtime_ns, status.st_ino]:
            return None
        return self._summary(path, entry)

    def put(self, path: Path, status: os.stat_result, summary: SessionSummary) -> None:
        """Keep the summary of a file."""
        if self._path is None:
            return
        self._changed = True
        layout = self.layouts.setdefault(summary.layout, summary.layout)
        place = next((n for n, known in enumerate(self._layouts) if known is layout), None)
        if place is None:
            place = len(self._layouts)
            self._layouts.append(layout)
        self._entries[self._name(path)] = [
            [status.st_size, status.st_mtime_ns, status.st_ino],
            [summary.number, summary.machine_id, summary.commit_id, summary.dirty],
            summary.datetime.isoformat() if summary.datetime else None,
            [summary.interpreter, summary.version, summary.interrupted, summary.noisy],
            list(summary.tags),
            [[*cell, reason] for cell, reason in summary.failed.items()],
            place,
            struct.pack(f"<{len(summary.seconds)}d", *summary.seconds).hex(),
        ]

    def save(self, files: set[Path]) -> None:
        """Write what has changed, for the files that there are. A cache that cannot be written is none."""
        if self._path is None or not self._changed:
            return
        names = set(map(self._name, files))
        entries = {name: entry for name, entry in self._entries.items() if name in names}
        data = _encode({"version": VERSION, "layouts": self._layouts, "entries": entries})
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(aside).replace(self._path)

    def _name(self, path: Path) -> str:
        return str(path).removeprefix(self._results)

    def _summary(self, path: Path, entry: list[Any]) -> SessionSummary:
        _, (number, machine_id, commit_id, dirty), when, told, tags, failed, place, packed = entry
        interpreter, version, interrupted, noisy = told
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
            seconds=struct.unpack(f"<{len(layout)}d", bytes.fromhex(packed)),
        )


def cache_folder() -> Path:
    """Where this user keeps what can be made again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "parabench"


def path_of(results: Path) -> Path:
    """Where the summaries of a results folder are kept."""
    digest = hashlib.sha256(os.path.realpath(results).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / f"{digest}.json"


def _key_of(fields: list[Any]) -> CellKey:
    *others, cell = fields
    name, kind, source_hash, circumstances = others
    return CellKey(name, kind, source_hash, circumstances, None if cell is None else CellId(*cell))


def _encode(told: dict[str, Any]) -> bytes:
    content = json.dumps(told, separators=(",", ":")).encode()
    return _FRAME % (_digest(content), content)


def _decode(data: bytes) -> Any:
    """The content of a file, by msgspec if it is there: the same, sooner. None for a file that is damaged."""
    start = len(_FRAME % (_digest(b""), b"")) - 1
    content = data[start:-1]
    if data != _FRAME % (_digest(content), content):
        return None
    try:
        import msgspec
    except ImportError:
        return json.loads(content)
    return msgspec.json.decode(content)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
