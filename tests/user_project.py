"""A small repository of a user's own, for black-box tests: its files, its pytest runs, its stored sessions."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest
from warm_sessions import WarmSessions

#: Few models and one pass: what most tests need. Their cells are `<workload>-sequential` and `<workload>-thread-pool`.
QUICK = ("--models", "sequential,thread-pool", "--passes", "1", "--rounds", "2")
#: Every process that a test starts inherits this variable, and so do all of theirs.
MARK = "PARABENCH_TEST_MARK"
#: Generous: the tests assert no durations, they only refuse to wait for ever.
PATIENCE_SECONDS = 120.0


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


class Project:
    """A repository with the harness installed: its root is the working directory, with a pytest.ini."""

    def __init__(self, pytester: pytest.Pytester, sessions: WarmSessions) -> None:
        self.pytester = pytester
        self._sessions = sessions
        self.root = pytester.path
        self.mark = uuid.uuid4().hex
        self.ini()

    def ini(self, *lines: str) -> Path:
        """Write pytest.ini: short names of our options, and these lines."""
        return self.file(
            "pytest.ini",
            "\n".join(("[pytest]", "parabench_short_options = true", "parabench_no_report = true", *lines, "")),
        )

    def file(self, name: str, text: str) -> Path:
        """Write a file of the project, its folders included."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        # Compiled code is told from its source by length and second: a file that is changed at once may have the same.
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()
        return path

    def workload(self, name: str, text: str) -> Path:
        """Drop one file into workloads/."""
        return self.file(f"workloads/{name}.py", text)

    def experiment(self, kind: str = "custom") -> Path:
        """Write the benchmark file that measures workloads of this kind, wired as in this repository."""
        text = f"import pytest\n\n\n@pytest.mark.{kind}\ndef test_{kind}(cell):\n    cell.measure()\n"
        return self.file(f"benchmarks/test_{kind}.py", text)

    def pytest(self, *args: str | Path) -> pytest.RunResult:
        """Run pytest in a process of its own, in the current directory; PATIENCE_SECONDS at most.

        The process has imported pytest already; `start` and `on_a_terminal` run it as a user does.
        """
        arguments = [f"--basetemp={tempfile.mkdtemp(prefix='runpytest-', dir=self.root)}", *map(str, args)]
        found = self._sessions.run(arguments, Path.cwd(), self.root, PATIENCE_SECONDS)
        return found or self.pytester.runpytest_subprocess(*args, timeout=PATIENCE_SECONDS)

    def start(self, *args: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the `pytest` command, as a shell would: in a process group of its own, with no PYTHONPATH."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.Popen(
            [Path(sys.executable).parent / "pytest", *args],
            cwd=cwd or self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def on_a_terminal(self, *args: str) -> str:
        """Run the `pytest` command on a terminal of its own; returns all that was written to it."""
        screen, terminal = pty.openpty()
        command = [str(Path(sys.executable).parent / "pytest"), *args]
        with subprocess.Popen(command, cwd=self.root, stdin=terminal, stdout=terminal, stderr=terminal) as started:
            os.close(terminal)
            written = bytearray()
            with contextlib.suppress(OSError):  # Linux reports the end of a terminal as an error
                while block := os.read(screen, 65536):
                    written += block
            os.close(screen)
            assert started.wait(PATIENCE_SECONDS) == 0, written.decode()
        return written.decode()

    def sessions(self, folder: str = "results") -> list[Path]:
        """Files of the stored sessions, oldest first; everything else below the folder is ignored."""
        found = (self.root / folder).glob("*/*.json")
        return sorted(path for path in found if re.match(r"\d{4}_", path.name))

    def stored(self, index: int = -1) -> dict[str, Any]:
        """One stored session, read by a strict JSON parser."""
        text = self.sessions()[index].read_text()
        session: dict[str, Any] = json.loads(text, parse_constant=_refuse)
        return session

    def cells(self, index: int = -1) -> dict[str, dict[str, Any]]:
        """Cell -> its benchmark, from a stored session."""
        return {benchmark["param"]: benchmark for benchmark in self.stored(index)["benchmarks"]}

    def kill_what_runs(self) -> None:
        """Leave nothing behind, whatever the test found."""
        for left in self._running():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(int(left.split(":")[0])).kill()

    def processes_left(self) -> list[str]:
        """Command lines of what still runs of all that this project started, after some patience."""
        deadline = time.monotonic() + PATIENCE_SECONDS / 4
        while (left := self._running()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _running(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{process.pid}: {' '.join(process.cmdline())}")
            except psutil.Error:  # gone meanwhile, or not ours to look at
                continue
        return found


def flat(text: str) -> str:
    """The text with every run of white space as one blank, so that a wrapped message can be searched."""
    return " ".join(text.split())


def wait_for(path: Path, lines: int) -> None:
    """Wait until a log file has this many lines; fails after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline, f"{path} never had {lines} lines"
        time.sleep(0.02)
