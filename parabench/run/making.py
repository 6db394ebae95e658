"""Plan a run, make the turns of it that are left, and leave it so that it can be gone on with."""

from __future__ import annotations

import contextlib
import random
import signal
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

from parabench.errors import NoUnfinishedRun
from parabench.run.runner import make_turns
from parabench.run.state import TIME_FORMAT, Arm, Run, unfinished_runs
from parabench.run.worktrees import checked_out
from parabench.session.turn import turns_of


def new_run(results: Path, sessions: int, arms: list[Arm], arguments: tuple[str, ...]) -> Run:
    """A run as it was asked for."""
    name = time.strftime(TIME_FORMAT)
    turns = turns_of(name, [arm.label for arm in arms], sessions, random.SystemRandom())
    return Run(id=name, results=results, arms=arms, turns=turns, pytest_arguments=arguments)


def resumed_run(results: Path) -> Run:
    """The run that was stopped last. Raises NoUnfinishedRun when there is none."""
    unfinished = list(unfinished_runs(results)) if results.is_dir() else []
    if not unfinished:
        raise NoUnfinishedRun(results)
    return unfinished[-1]


def make(run: Run, root: Path, say: Callable[[str], None]) -> bool:
    """Make all turns of a run that are left, and say where it is; False when Ctrl-C or SIGTERM has stopped it.

    Raises ParabenchError when a turn cannot be made.
    """
    run.save()
    try:
        with _terminated_like_interrupted(), _roots(run, root) as roots:
            make_turns(run, roots, say)
    except KeyboardInterrupt:
        return False
    run.discard()
    return True


@contextlib.contextmanager
def _roots(run: Run, root: Path) -> Iterator[dict[str, Path]]:
    """The project folder of each arm."""
    commits = [arm.commit for arm in run.arms if arm.commit is not None]
    if not commits:
        yield {arm.label: root for arm in run.arms}
        return
    with checked_out(root, commits) as trees:
        yield {arm.label: trees[arm.commit] if arm.commit else root for arm in run.arms}


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: with the session under way stored, and nothing left running."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
