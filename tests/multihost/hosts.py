"""Hosts for tests: network namespaces on one bridge, each with a name and a clock of its own (Linux, root)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

#: A clock that is ahead by so many seconds on each host after the first.
SECONDS_APART = 1000
NEEDED = ("ip", "unshare", "hostname")


def why_not() -> str | None:
    """Why there can be no such hosts here; None when there can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "hosts are network namespaces, which only root can make"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"there is no command {', '.join(missing)} (Debian: iproute2, util-linux, hostname)"
    tried = subprocess.run(["unshare", "--net", "--uts", "--time", "true"], capture_output=True, text=True, check=False)
    return f"the kernel has no namespaces for us: {tried.stderr.strip()}" if tried.returncode else None


class Host:
    """One namespace: commands run in it see its network, its name and its clock."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"pb{os.getpid()}h{number}"
        self.link = f"v{os.getpid()}h{number}"
        self.address = f"10.77.0.{number}"

    def start(
        self, command: list[str], log: IO[str], environment: dict[str, str], folder: Path | None = None
    ) -> subprocess.Popen[str]:
        """A process on this host, in a process group of its own, that writes to the log."""
        ahead = (self.number - 1) * SECONDS_APART
        inside = ["unshare", "--uts", "--time", "--monotonic", str(ahead), "--boottime", str(ahead), "--fork"]
        named = ["sh", "-c", 'hostname "$0" && exec "$@"', f"host{self.number}"]
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *inside, *named, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Network:
    """Hosts on one bridge, which is on the first of them."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts = hosts

    def cut(self, host: Host) -> None:
        """Pull the cable."""
        _ip("-n", self.hosts[0].name, "link", "set", f"{host.link}p", "down")

    def heal(self, host: Host) -> None:
        """Plug it in again."""
        _ip("-n", self.hosts[0].name, "link", "set", f"{host.link}p", "up")


@contextlib.contextmanager
def network(hosts: int) -> Iterator[Network]:
    """So many hosts at 10.77.0.1, .2 and so on."""
    made = [Host(number) for number in range(1, hosts + 1)]
    first = made[0].name
    try:
        for host in made:
            _ip("netns", "add", host.name)
            _ip("-n", host.name, "link", "set", "lo", "up")
        _ip("-n", first, "link", "add", "name", "bridge", "type", "bridge")
        _ip("-n", first, "address", "add", f"{made[0].address}/24", "dev", "bridge")
        _ip("-n", first, "link", "set", "bridge", "up")
        for host in made[1:]:
            _ip("-n", first, "link", "add", f"{host.link}p", "type", "veth", "peer", "name", host.link)
            _ip("-n", first, "link", "set", host.link, "netns", host.name)
            _ip("-n", first, "link", "set", f"{host.link}p", "master", "bridge")
            _ip("-n", first, "link", "set", f"{host.link}p", "up")
            _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", host.link)
            _ip("-n", host.name, "link", "set", host.link, "up")
        yield Network(made)
    finally:
        for host in made:
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True, check=False)


def end(process: subprocess.Popen[str], seconds: float = 10) -> None:
    """Ctrl-C for a process and its group, and after so many seconds the end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_text(file: Path, text: str, seconds: float = 60) -> None:
    """Until a log says so."""
    deadline = time.monotonic() + seconds
    while text not in (said := file.read_text(errors="replace")):
        if time.monotonic() > deadline:
            raise AssertionError(f"'{text}' never came:\n{said}")
        time.sleep(0.05)
