"""Makes the turns of a run, each in a fresh process, and keeps the record of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from parabench.errors import SessionNotRun
from parabench.history import store
from parabench.project import project_of, tests_among
from parabench.run.arguments import WITH_VALUE, plain, with_whole_folders
from parabench.run.experiments import with_experiments
from parabench.run.state import TIME_FORMAT, Arm, Done, Run
from parabench.session.option_table import SHORT_OPTIONS, in_full
from parabench.session.turn import Turn, environment_of

#: pytest's exit statuses of sessions that ran to their end: all passed, and some failed.
RAN = (0, 1)
#: Lines of a failed session's output that are shown.
LINES_SHOWN = 30
#: An interrupted session stores what it has measured; longer than that takes.
SECONDS_TO_END = 30.0


def make_turns(run: Run, roots: Mapping[str, Path], say: Callable[[str], None]) -> None:
    """Make all turns that are left; `roots` holds the folder of each arm's project.

    Raises SessionNotRun when a session does not run to its end; KeyboardInterrupt and SystemExit end the session under
    way first. Either way the turns that were made stay recorded.
    """
    arms = {arm.label: arm for arm in run.arms}
    _adopt(run)
    for turn in run.left:
        arm = arms[turn.arm]
        say(_progress(run, turn))
        began = time.monotonic()
        before = _files(run.results)
        status, output = _session(run, turn, arm, roots[turn.arm])
        stored = _stored(turn, sorted(_files(run.results) - before))
        if status not in RAN or stored is None:
            raise SessionNotRun(turn.turn + 1, turn.arm, status, output.splitlines()[-LINES_SHOWN:])
        run.done.append(
            Done(
                turn=turn.turn,
                seconds=time.monotonic() - began,
                stored=str(stored.relative_to(run.results)),
                exit_status=status,
            )
        )
        run.save()


def _adopt(run: Run) -> None:
    """Take note of sessions that were stored just before the run was stopped, and not recorded any more."""
    began = time.mktime(time.strptime(run.id, TIME_FORMAT))
    young = [path for path in _files(run.results) if path.stat().st_mtime >= began]
    for turn in run.left:
        path = _signed(turn, young)
        if path is not None:
            seconds = statistics.median(done.seconds for done in run.done) if run.done else 0.0
            stored = str(path.relative_to(run.results))
            status = int(bool(_told(path).get("failed")))  # a file tells which cells failed, and not how pytest ended
            run.done.append(Done(turn=turn.turn, seconds=seconds, stored=stored, exit_status=status))


def _session(run: Run, turn: Turn, arm: Arm, root: Path) -> tuple[int, str]:
    """One pytest process: its exit status and what it wrote."""
    with _working_directory(turn.directory_characters) as directory, _output() as output:
        environment = environment_of(turn, os.environ)
        if arm.commit is not None:
            paths = [str(root), str(root / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment["PYTHONPATH"] = os.pathsep.join(paths)
        if arm.is_interpreter:
            environment.pop("PYTHONPATH", None)  # what this interpreter was told to import is not for others
        environment |= arm.environment
        command = [arm.python, "-m", "pytest", *session_arguments(turn, run, root)]
        with subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it once, from here
        ) as process:
            try:
                status = process.wait()
            except BaseException:
                _end(process)
                raise
        output.seek(0)
        return status, output.read()


def _output() -> IO[str]:
    """A file for what a session writes, which need not be text."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a session, which stores what it has, and wait for it; one that does not end is killed.

    No second Ctrl-C comes in between: `make` drops it.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS_TO_END)
        return
    process.kill()
    process.wait()  # Popen does not, after a KeyboardInterrupt


@contextlib.contextmanager
def _working_directory(characters: int) -> Iterator[Path]:
    """A folder with a name of so many characters."""
    with tempfile.TemporaryDirectory(prefix="parabench-") as folder:
        directory = Path(folder) / ("d" * characters)
        directory.mkdir()
        yield directory


def session_arguments(turn: Turn, run: Run, root: Path) -> list[str]:
    """What pytest is given: options, tests by their whole path, and without any the project's benchmarks.

    No session races unless it was asked to: sessions are compared cell by cell.
    Options have their short names where the project has them, and in parabench itself, whose older revisions know no
    others.
    """
    arguments = list(run.pytest_arguments)
    tests = tests_among(arguments, root, WITH_VALUE)
    for place in tests:
        path, separator, name = arguments[place].partition("::")
        arguments[place] = f"{root / path}{separator}{name}"
    project = project_of(root)
    # A session begins in an empty folder, which is none of the project's.
    arguments = plain(with_whole_folders(arguments, project.root), project, os.environ)
    arguments = [f"--seed={turn.seed}", f"--results={run.results}", *arguments]
    if not tests:
        arguments = with_experiments(project, arguments)
    short = project.has(SHORT_OPTIONS) or (root / "parabench" / "plugin").is_dir()
    return arguments if short else in_full(arguments)


def _files(results: Path) -> set[Path]:
    """Every stored session below a results folder."""
    folders = [path for path in results.iterdir() if path.is_dir()] if results.is_dir() else []
    return {path for folder in folders for path in store.sessions(folder)}


def _stored(turn: Turn, new: list[Path]) -> Path | None:
    """The file that a turn has stored, among those that are new; revisions older than runs do not sign theirs."""
    unsigned = [path for path in new if "run" not in _told(path)]
    return _signed(turn, new) or (unsigned[0] if len(unsigned) == 1 else None)


def _signed(turn: Turn, files: Iterable[Path]) -> Path | None:
    """The file that a turn has stored as it came to its end."""
    for path in files:
        stored = _told(path)
        of = stored.get("run") or {}
        if (of.get("id"), of.get("turn")) == (turn.id, turn.turn) and not stored.get("interrupted"):
            return path
    return None


def _told(path: Path) -> dict[str, Any]:
    """What a file says of its session; nothing if it is none of ours."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stored = json.loads(path.read_text(encoding="utf-8")).get("parabench")
        return stored if isinstance(stored, dict) else {}
    return {}


def _progress(run: Run, turn: Turn) -> str:
    """Which session begins, and how long the rest will take, going by those made."""
    line = f"[{turn.turn + 1}/{len(run.turns)}] session" + (f" of {turn.arm}" if turn.arm else "")
    if not run.done:
        return line
    seconds = statistics.median(done.seconds for done in run.done)
    return f"{line} (about {_duration(seconds * len(run.left))} left)"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
