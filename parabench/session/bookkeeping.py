"""The journal of one session: begun or gone on with, written while it measures, removed when all of it is in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parabench.errors import JournalNotWritable, LeftoverNotRemoved
from parabench.history import store
from parabench.history.journal import Journal
from parabench.history.session_journal import Unfinished, begin, check_same_plan, reopened
from parabench.session.replay import Replay


class Bookkeeping:
    """What a session has written down, and what the one that it goes on with had."""

    def __init__(self, resumed: Unfinished | None) -> None:
        self.resumed = resumed
        #: What the resumed session has recorded already.
        self.replay = Replay(())
        #: Whether the journal has taken every line so far.
        self.is_whole = True
        self._journal: Journal | None = None

    @property
    def seconds_before(self) -> float:
        """Seconds that the session had run before it was resumed."""
        return self.resumed.seconds_spent if self.resumed else 0.0

    def begin(self, folder: Path, header: Mapping[str, Any]) -> None:
        """Begin the journal, or go on with that of the resumed session.

        Raises PlanDiffers, JournalInUse, JournalDamaged, or JournalNotWritable.
        """
        if self.resumed is None:
            self._journal = begin(folder, header)
            return
        # Read again under the machine's lock and the journal's: while this process waited, another may have gone on.
        self._journal, self.resumed = reopened(self.resumed.path)
        check_same_plan(self.resumed.entries.header, json.loads(json.dumps(header)))
        self.replay = Replay(self.resumed.entries.lines)

    def write(self, line: Mapping[str, Any]) -> None:
        """Put a line into the journal; once the disk has refused one, no further one is tried.

        Raises JournalNotWritable.
        """
        if self._journal is None or not self.is_whole:
            return
        try:
            self._journal.append(line)
        except JournalNotWritable:
            self.is_whole = False
            raise

    @property
    def file_before(self) -> Path | None:
        """The file of the session's earlier part, while that holds more than has been repeated of it."""
        if self.resumed is None or self.resumed.stored_as is None or not self.replay.left:
            return None
        path = self.resumed.path.parent / self.resumed.stored_as
        return path if path.is_file() else None

    def end(self, stored: Path | None, seconds: float, *, is_kept: bool) -> None:
        """Remove the journal where all of the session is kept elsewhere; else leave it, with the file there is so far.

        The file that the session was stored in before gives way to the new one: a session is stored once. Raises
        JournalNotWritable, LeftoverNotRemoved, or RemoteUnusable.
        """
        journal, self._journal = self._journal, None
        if journal is None:
            return
        if is_kept:
            _remove("journal", journal.path, journal.discard)
        else:
            try:
                if stored is not None:
                    journal.append({"stored": stored.name, "seconds": seconds})
            except JournalNotWritable:
                if self.is_whole:  # else it has been told when the first line was refused
                    raise
            finally:
                journal.close()
        if stored is not None and self.resumed is not None and self.resumed.stored_as not in (None, stored.name):
            before = journal.path.parent / str(self.resumed.stored_as)
            _remove("file", before, lambda: store.remove(before))


def _remove(what: str, path: Path, remove: Callable[[], None]) -> None:
    try:
        remove()
    except OSError as error:
        raise LeftoverNotRemoved(what, path, error) from error
