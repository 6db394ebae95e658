"""Sessions of pytest that are forked off a process that has imported it (`warm_pytest.py`)."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Read when an interpreter starts, so a session that differs in one of them needs an interpreter of its own.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_")


class WarmSessions:
    """One process that forks sessions, started when the first is asked for. One session at a time.

    `options` are those of PYTEST_ADDOPTS with which it imports plugins.
    """

    def __init__(self, options: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # Its own environment has none of the variables of tests, by which a test finds what it has started.
        self._environment = {**os.environ, "PYTEST_ADDOPTS": options}

    def run(self, arguments: list[str], folder: Path, output: Path, seconds_at_most: float) -> pytest.RunResult | None:
        """Run `python -m pytest ARGUMENTS`; None where it needs an interpreter of its own. Raises TimeoutError."""
        environment = dict(os.environ)
        if _at_start(environment) != _at_start(self._environment):
            return None
        began = time.perf_counter()
        files = output / "stdout", output / "stderr"
        paths = filter(None, [environment.get("PYTHONPATH")])
        request = {
            "arguments": arguments,
            "folder": str(folder),
            # As pytester does it.
            "environment": {**environment, "PYTHONPATH": os.pathsep.join([str(folder), *paths])},
            "said": str(files[0]),
            "warned": str(files[1]),
        }
        process = self._started()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        pid = self._answer(process, seconds_at_most)
        try:
            status = self._answer(process, seconds_at_most)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise
        said, warned = (path.read_text(encoding="utf-8", errors="replace") for path in files)
        sys.stdout.write(said)
        sys.stderr.write(warned)
        seconds = time.perf_counter() - began
        return pytest.RunResult(status, said.splitlines(), warned.splitlines(), seconds)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate(timeout=60)
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command, pipe = [sys.executable, str(Path(__file__).with_name("warm_pytest.py"))], subprocess.PIPE
            folder = Path(__file__).parent
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=self._environment, cwd=folder)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], seconds_at_most: float) -> int:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], seconds_at_most)[0]:
            raise TimeoutError(f"pytest came to no end in {seconds_at_most:g} s")
        return int(process.stdout.readline())


def _at_start(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}
