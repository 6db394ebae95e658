"""A process that has imported pytest and its plugins, and forks a session for each line it is told.

    python warm_pytest.py

Most of what a short session costs is importing pytest, rich and the plugins. A line on standard input is a JSON object
(`arguments`, `folder`, `environment`, `said` and `warned`: files for the session's output); answered are its process
id when it has begun and its exit status when it has ended. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

EXPERIMENT = "import pytest\n\n@pytest.mark.custom\ndef test_custom(cell):\n    cell.measure()\n"


def main() -> int:
    """Serve until the end of the input; in a forked session, run it and return its exit status."""
    warm_up()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            return session(**json.loads(line))
        answer(pid)
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return 0


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def warm_up() -> None:
    """Collect an experiment as a session does, so that plugins are imported by pytest, and forget the experiment."""
    paths, modules = list(sys.path), set(sys.modules)
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        for name, text in {
            "pytest.ini": "[pytest]\n",
            "workloads/w.py": "def w(n): return n\n",
            "test_w.py": EXPERIMENT,
        }.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with contextlib.chdir(folder), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            status = pytest.main(["--collect-only", "--parabench-models", "sequential", "-p", "no:cacheprovider"])
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(folder) or name == "workloads":
                del sys.modules[name]
    assert status == pytest.ExitCode.OK
    sys.path[:] = paths
    tempfile.tempdir = None
    gc.collect()
    gc.freeze()


def session(arguments: Sequence[str], folder: str, environment: dict[str, str], said: str, warned: str) -> Any:
    """`python -m pytest ARGUMENTS` in that folder, in this process; returns its exit status."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, warned, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.path[0:1] = [folder, *environment.get("PYTHONPATH", "").split(os.pathsep)]
    sys.argv[1:] = arguments
    return pytest.main(list(arguments))


if __name__ == "__main__":
    sys.exit(main())
