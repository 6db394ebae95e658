"""Results at real servers of S3, Google Cloud Storage and SSH, on loopback: eight writers at once lose nothing."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parabench.history import remote, store
from parabench.history.sessions import read_summaries

SAMPLE = json.loads((Path(__file__).parent / "samples" / "parabench_2.json").read_text())
MACHINE = SAMPLE["parabench"]["machine_id"]
WRITERS, SESSIONS = 8, 3
SECONDS_AT_MOST = 240
#: Serves a folder to whoever has the key that is in it.
SSH_SERVER = """
import asyncio, sys
import asyncssh

async def serve(port, folder, key):
    def files(channel):
        return asyncssh.SFTPServer(channel, chroot=folder)
    await asyncssh.listen(
        "127.0.0.1", port, server_host_keys=[key], authorized_client_keys=f"{key}.pub", sftp_factory=files
    )
    await asyncio.Event().wait()

asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
"""
pytestmark = pytest.mark.slow


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(port: int, *command: str) -> Iterator[None]:
    """A server from the moment it takes connections."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                    break
                assert server.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server never answered"
                time.sleep(0.1)
            yield
        finally:
            server.kill()


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of moto's."""
    pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    port = free_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with serving(port, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)):
        s3fs.S3FileSystem().mkdir("all")
        yield "s3://all/results"


@pytest.fixture
def gs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of an emulator of Google's."""
    pytest.importorskip("gcsfs")
    pytest.importorskip("gcp_storage_emulator")
    port = free_port()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    options = ["--host", "127.0.0.1", "--port", str(port), "--in-memory", "--default-bucket", "all"]
    with serving(port, "-m", "gcp_storage_emulator", "start", *options):
        yield "gs://all/results"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder of another host, and a key for it where ssh keeps keys."""
    asyncssh = pytest.importorskip("asyncssh")
    pytest.importorskip("paramiko")
    home, there = tmp_path / "home", tmp_path / "there"
    for folder in (home / ".ssh", there / "results"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    key = home / ".ssh" / "id_ed25519"
    made = asyncssh.generate_private_key("ssh-ed25519")
    made.write_private_key(key)
    made.write_public_key(f"{key}.pub")
    port = free_port()
    with serving(port, "-c", SSH_SERVER, str(port), str(there), str(key)):
        yield f"ssh://me@127.0.0.1:{port}/results"


def write(url: str, environment: dict[str, str], number: int) -> None:
    """Store some sessions, as one of many machines."""
    os.environ.update(environment)
    mirror = remote.local_folder(url)
    for _ in range(SESSIONS):
        store.save(mirror / MACHINE, "abc", SAMPLE | {"writer": number})


@pytest.mark.parametrize("place", ["s3", "gs", "ssh"])
def test_many_writers_to_one_server_lose_nothing(
    place: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = request.getfixturevalue(place)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fsspec", "parabench.history.store"])  # once, not in each writer
    processes = []
    for number in range(WRITERS):
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / f"cache-{number}")}
        processes.append(context.Process(target=write, args=(url, environment, number), daemon=True))
        processes[-1].start()
    for process in processes:
        process.join(SECONDS_AT_MOST)
    assert [process.exitcode for process in processes] == [0] * WRITERS
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = remote.local_folder(url)
    found = [json.loads(path.read_text())["writer"] for path in folder.glob("*/[0-9]*.json")]
    assert sorted(found) == sorted([*range(WRITERS)] * SESSIONS)
    assert len(read_summaries(folder).sessions) == WRITERS * SESSIONS
