"""Plan a run, make the turns of it that are left, and leave it so that it can be gone on with."""

from __future__ import annotations

import contextlib
import math
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

#: What asks a run to end; not every system has all of them.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

#: Ending a session, and removing work trees, takes less; should it hang, the next Ctrl-C is obeyed again.
_SECONDS_TO_END = 60.0


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
    """Make all turns of a run that are left, and say where it is; False when Ctrl-C, SIGTERM or SIGHUP has stopped it.

    Raises ParabenchError when a turn cannot be made.
    """
    run.save()
    try:
        with _interrupted_once(), _roots(run, root) as roots:
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
def _interrupted_once() -> Iterator[None]:
    """SIGTERM and SIGHUP (a closed terminal) end a run as Ctrl-C does: the session stores, and nothing is left.

    Only the first takes effect for a while: the next would break off what the first has begun. What is ignored stays
    ignored, as SIGHUP is under nohup.
    """
    obeyed = -math.inf

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        nonlocal obeyed
        if time.monotonic() - obeyed > _SECONDS_TO_END:
            obeyed = time.monotonic()
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _ENDING}
    taken = [number for number, handler in before.items() if handler not in (None, signal.SIG_IGN)]
    try:
        for number in taken:
            signal.signal(number, interrupt)
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
