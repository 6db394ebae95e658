"""Install into the environment of the running interpreter: with uv where it works, with pip otherwise.

Needs the standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parabench.errors import InstallerMissing

#: Something small that everything here needs: can an installer find it?
PROBE = "iniconfig"
#: Of what an installer says, so much of the line that tells why.
CHARACTERS_SHOWN = 200
_NO_WHEEL = (
    re.compile(r"No matching distribution found for (\S+)"),  # pip
    re.compile(r"Wheels are required for `([^`]+)`"),  # uv
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A program that installs, by the command that starts it."""

    name: str
    command: tuple[str, ...]


def find_installer(say: Callable[[str], None]) -> Installer:
    """Take uv if it is there and works, else this environment's pip; why uv does not is said. Raises InstallerMissing.

    A pyenv shim of uv need not start, and uv does not read pip's configuration: its index may be out of reach.
    """
    if path := shutil.which("uv"):
        uv = Installer(name="uv", command=(path, "pip", "install", "--quiet", "--python", sys.executable))
        problem = install(uv, ["--dry-run", "--no-deps", "--reinstall", PROBE], build=False, seconds_at_most=20.0)
        if problem is None:
            return uv
        say(f"uv is there, but of no use: {problem[0]}")
    if importlib.util.find_spec("pip") is None:
        raise InstallerMissing(sys.executable)
    return Installer(name="pip", command=(sys.executable, "-m", "pip", "install", "--quiet"))


def install(
    installer: Installer, requirements: Sequence[str], *, build: bool, seconds_at_most: float
) -> list[str] | None:
    """Install them; None when that went well, else what the installer said, the reason in the first line.

    Without `build` only wheels are taken, so that nothing is compiled. A resolver that tries version after version is
    stopped after `seconds_at_most`.
    """
    command = [*installer.command, *([] if build else ["--only-binary", ":all:"]), *requirements]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds_at_most)
        except subprocess.TimeoutExpired:
            _kill(process)
            return [f"{installer.name} came to no end in {seconds_at_most:.0f} s"]
        except BaseException:  # Ctrl-C reaches this process only
            _kill(process)
            raise
    importlib.invalidate_caches()
    return [_reason(said), *said.strip().splitlines()] if process.returncode else None


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _reason(said: str) -> str:
    """What is missing, if an installer says so in words that are known here; else its own first error."""
    for pattern in _NO_WHEEL:
        if match := pattern.search(said):
            return f"no wheel of {match[1]} fits this interpreter"
    if "ResolutionImpossible" in said:  # pip's next words name every version that it tried
        return "each version needs something that has no wheel for this interpreter"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    why = next(
        (line for line in lines if line.startswith(("ERROR", "cause:"))), lines[-1] if lines else "no reason given"
    )
    return why.removeprefix("ERROR: ").removeprefix("cause: ")[:CHARACTERS_SHOWN]
