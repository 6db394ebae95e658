"""The loopback source: real sockets, connection pools and kernels, served by a process of its own on this machine."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from parabench.workload import ServiceOptions, Settings
from workloads.github.errors import ServerNotReady
from workloads.github.mocked import LATENCY_SEED
from workloads.github.population import PAGE_SIZE
from workloads.github.sizes import USERS

#: Seconds that the server's process may take to come up and to go away.
SECONDS_TO_START, SECONDS_TO_STOP = 30.0, 5.0


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """The server with the users of the session's size; stopped afterwards."""
    settings = {
        "source": "loopback",
        "seed": LATENCY_SEED,
        "latency_seconds": options.latency_seconds,
        "page_size": PAGE_SIZE,
    }
    with running_server(settings | {"users": USERS[options.size]}) as (_, ready):
        yield settings | {"url": ready["url"], "server": ready["server"]}


@contextmanager
def running_server(settings: Mapping[str, Any]) -> Iterator[tuple[subprocess.Popen[bytes], Mapping[str, Any]]]:
    """Start the server's process and yield it with what it said when ready. Raises ServerNotReady."""
    command = [sys.executable, "-m", "workloads.github.server", json.dumps(settings)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as process,
    ):
        assert process.stdin is not None
        try:
            yield process, _wait_until_ready(process, errors)
        finally:
            process.stdin.close()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], errors: Any) -> Mapping[str, Any]:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
    line = process.stdout.readline() if readable else b""
    if not line:
        exit_code = process.wait(SECONDS_TO_STOP) if readable else None
        if exit_code is None:
            process.kill()
        errors.seek(0)
        raise ServerNotReady(exit_code, errors.read().decode(errors="replace")[-1_000:])
    return json.loads(line)  # type: ignore[no-any-return]
