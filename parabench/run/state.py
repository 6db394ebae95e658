"""A run on disk: what was asked for, which turns are done, and where their sessions are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parabench.errors import RunDamaged, StoreNotWritable
from parabench.history.store import write_whole
from parabench.session.turn import Turn

FORMAT = 1
#: A run's id is the local time at which it was planned.
TIME_FORMAT = "%Y%m%d-%H%M%S"
_PREFIX = "run-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One of the things that are compared."""

    #: What the user called it: a revision, an interpreter; empty in a run of one.
    label: str
    #: Path of the interpreter.
    python: str
    #: Commit of the revision; None: the working tree as it is.
    commit: str | None = None
    #: Variables of its sessions.
    environment: dict[str, str] = field(default_factory=dict)
    #: Whether arms differ in their interpreter and not in their code.
    is_interpreter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A turn that has been made."""

    turn: int
    seconds: float
    #: Name of the stored file below the results folder; None when nothing was stored.
    stored: str | None
    exit_status: int


@dataclass(slots=True, kw_only=True)
class Run:
    """Sessions to be made one after another."""

    id: str
    results: Path
    arms: Sequence[Arm]
    turns: Sequence[Turn]
    #: What every session is given after the options of the run.
    pytest_arguments: Sequence[str]
    done: list[Done] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where the run is recorded, beside the sessions."""
        return self.results / f"{_PREFIX}{self.id}.json"

    @property
    def left(self) -> list[Turn]:
        """Turns still to be made."""
        made = {done.turn for done in self.done}
        return [turn for turn in self.turns if turn.turn not in made]

    def blocks(self, arm: str) -> dict[int, Path]:
        """Files of the sessions of an arm by their block: one session of each arm, with the same seed."""
        of_arm = {turn.turn: turn.turn // len(self.arms) for turn in self.turns if turn.arm == arm}
        return {
            of_arm[done.turn]: self.results / done.stored for done in self.done if done.turn in of_arm and done.stored
        }

    def stored(self, arm: str) -> list[Path]:
        """Files of the sessions of an arm."""
        of_arm = {turn.turn for turn in self.turns if turn.arm == arm}
        return [self.results / done.stored for done in self.done if done.turn in of_arm and done.stored]

    def save(self) -> None:
        """Record the run, whole or not at all. Raises StoreNotWritable."""
        fields = {
            "format": FORMAT,
            "id": self.id,
            "arms": [asdict(arm) for arm in self.arms],
            "turns": [asdict(turn) for turn in self.turns],
            "pytest_arguments": list(self.pytest_arguments),
            "done": [asdict(done) for done in self.done],
        }
        try:
            self.results.mkdir(parents=True, exist_ok=True)
            # What a user tells sessions may be private: nobody else reads it.
            write_whole(self.path, json.dumps(fields, indent=1), mode=0o600)
        except OSError as error:
            raise StoreNotWritable(self.results, error) from error

    def discard(self) -> None:
        """Forget the run: all of its sessions are stored."""
        self.path.unlink(missing_ok=True)


def unfinished_runs(results: Path) -> Iterator[Run]:
    """Runs that have turns left, oldest first. Raises RunDamaged for a file that cannot be read."""
    for path in sorted(results.glob(f"{_PREFIX}*.json")):
        run = _read(path)
        if run.left:
            yield run


def _read(path: Path) -> Run:
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise RunDamaged(path, f"its format is {fields['format']!r}, and this parabench reads {FORMAT}")
        return Run(
            id=fields["id"],
            results=path.parent,
            arms=[Arm(**arm) for arm in fields["arms"]],
            turns=[Turn(**turn) for turn in fields["turns"]],
            pytest_arguments=fields["pytest_arguments"],
            done=[Done(**done) for done in fields["done"]],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunDamaged(path, f"{type(error).__name__}: {error}") from error
