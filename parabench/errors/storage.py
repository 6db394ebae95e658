"""What cannot be stored, read or gone on with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from parabench.errors.base import ParabenchError, UsageError
from parabench.errors.spelling import spelled

if TYPE_CHECKING:  # workers import this module, and need no paths
    from pathlib import Path


class StoreNotWritable(ParabenchError):
    """The results folder does not take files."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot write results into {path}: {cause.strerror or cause}; "
            f"choose another folder with {spelled('--results')} DIR or mend this one"
        )


class ResultsKeptElsewhere(ParabenchError):
    """The results folder has become unwritable; what was measured is kept in a temporary file."""

    def __init__(self, cause: StoreNotWritable, kept: object) -> None:
        super().__init__(f"{cause}; what was measured is kept in {kept}")


class RemoteUnusable(UsageError):
    """A URL of results that does not answer, or not to us; it never has a password in it."""

    def __init__(self, url: str, problem: str, kept: Path | None = None) -> None:
        where = f"; the session is kept in {kept}, and sent when the URL is used next" if kept is not None else ""
        self.kept = kept
        super().__init__(
            f"the results at {url} cannot be used: {problem}{where}; see that it can be reached, and that its library "
            "finds your credentials, or name a folder"
        )


class JournalNotWritable(ParabenchError):
    """The journal of a session does not take another line."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot write the journal {path}: {cause.strerror or cause}; measuring stops here, what is in it is kept: "
            f"mend the folder or make room, then go on with {spelled('--resume')}"
        )
        self.cause = cause


class JournalNotBegun(JournalNotWritable):
    """The folder of results takes no journal, so that a crash would lose what is measured."""

    def __init__(self, path: object, cause: OSError) -> None:
        ParabenchError.__init__(
            self,
            f"cannot begin the journal {path}: {cause.strerror or cause}; nothing was measured: make room, or choose a "
            f"folder that takes files and locks with {spelled('--results')} DIR",
        )
        self.cause = cause


class LeftoverNotRemoved(ParabenchError):
    """The journal or the partial file of a session that is stored as a whole by now."""

    def __init__(self, what: str, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot remove the {what} {path}: {cause.strerror or cause}; the session is stored without it, so remove "
            "it by hand"
        )


class SessionNotStored(ParabenchError):
    """What the project brings along, a hook or a workload, raised while a session was stored."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"the session could not be stored: {type(cause).__name__}: {cause}; what was measured is in its journal: "
            f"mend what raised that, then store it with {spelled('--resume')}, or with 'parabench recover'"
        )


class NothingToResume(UsageError):
    """--resume without a session that could go on."""

    def __init__(self, folder: object, elsewhere: Iterable[str]) -> None:
        others = "".join(f"\n  {other}" for other in elsewhere)
        super().__init__(f"there is no unfinished session in {folder}: run without {spelled('--resume')}{others}")


class PlanDiffers(UsageError):
    """--resume with another plan than the session began with."""

    def __init__(self, differences: Iterable[str]) -> None:
        super().__init__(
            f"the unfinished session had another plan, these differ: {'; '.join(differences)}. Repeat its command with "
            f"{spelled('--resume')}, or store what it has with 'parabench recover'"
        )


class JournalDamaged(ParabenchError):
    """A journal that is not as it was written, beyond a last line torn by a crash."""

    def __init__(self, path: object, line: int, cause: str) -> None:
        super().__init__(
            f"cannot read the journal {path}, line {line}: {cause}; 'parabench recover' stores what can be read of it "
            "and moves the file aside"
        )
        self.cause = cause


class JournalInUse(ParabenchError):
    """A journal that another process has gone on with, or has stored and removed."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"another process goes on with the unfinished session in {path}, or has just ended it: wait for it, then "
            f"run again; without {spelled('--resume')} a new session begins"
        )


class HistoryUnreadable(ParabenchError):
    """A stored session that cannot be read."""

    def __init__(self, path: Path, cause: object, advice: str = "move the file away or restore it") -> None:
        # A file system takes names that are no text; whoever prints the message needs one that is.
        printable = str(path).encode("utf-8", "replace").decode("utf-8")
        super().__init__(f"cannot read the stored session {printable}: {cause}; {advice}")
        self.path = path


class HistoryTooNew(HistoryUnreadable):
    """A stored session of a format that only a later parabench reads; the file is as it should be."""

    def __init__(self, path: Path, stored_format: object, latest_format: int) -> None:
        super().__init__(
            path,
            f"its format is {stored_format}, and this parabench reads formats up to {latest_format}",
            "upgrade parabench: pip install --upgrade parabench",
        )
