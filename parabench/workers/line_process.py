"""A worker process that is asked and answers in lines of JSON, over pipes of its own: tasks may print."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from parabench.errors import WorkerDied
from parabench.records import Failure, Outcome, Trace
from parabench.workers.comparable import comparable


def outcome_of(parts: Sequence[Any]) -> Outcome:
    """An outcome that came as JSON: value, failure, trace."""
    value, failure, trace = parts
    if failure is None and trace is None:  # tuple.__new__: the constructor of a NamedTuple takes twice as long
        return tuple.__new__(Outcome, (value, None, None))
    return Outcome(value, failure and Failure(*failure), trace and Trace(*trace))


class LineProcess:
    """The near end of such a process."""

    def __init__(self, process: subprocess.Popen[bytes], requests: IO[str], answers: IO[str]) -> None:
        self._process = process
        self._requests = requests
        self._answers = answers

    def exchange(self, message: Any) -> Any:
        """The answer to a message, both JSON. Raises WorkerDied when the process ends without one."""
        try:
            self._requests.write(json.dumps(message) + "\n")
            self._requests.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line.endswith("\n"):
            raise WorkerDied(str(self._process.pid), self._process.wait())
        return json.loads(line)


@contextmanager
def line_process(module_and_arguments: Sequence[str]) -> Iterator[LineProcess]:
    """Start our own interpreter with `-m` and these arguments, and the numbers of its two descriptors after them.

    The process reads requests from the first descriptor until there are no more, and writes answers to the second. It
    is waited for; when the body raises, it is killed before.
    """
    process, requests, answers = _start(module_and_arguments)
    try:
        yield LineProcess(process, requests, answers)
    except BaseException:
        process.kill()
        raise
    finally:
        with process, answers, contextlib.suppress(BrokenPipeError):
            requests.close()  # the process leaves its contexts and ends


def _start(module_and_arguments: Sequence[str]) -> tuple[subprocess.Popen[bytes], IO[str], IO[str]]:
    requests_out, requests_in = os.pipe()
    answers_out, answers_in = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", *module_and_arguments, str(requests_out), str(answers_in)],
        stdin=subprocess.DEVNULL,
        pass_fds=(requests_out, answers_in),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    os.close(requests_out)
    os.close(answers_in)
    return process, os.fdopen(requests_in, "w", encoding="utf-8"), os.fdopen(answers_out, encoding="utf-8")


def line_of(outcomes: list[Outcome], digest: str | None) -> str:
    """The outcomes of a batch as JSON, as `comparable` makes them."""
    try:
        if digest is None:
            return json.dumps(outcomes)
    except (TypeError, ValueError, RecursionError):  # values that are no JSON, most likely all of them
        pass
    return json.dumps([comparable(outcome, digest) for outcome in outcomes])
