"""Install the extras of parabench that exist for the running interpreter, and say which do not.

    python -m parabench.run.extras

Wheels are not built for every interpreter: what there is none of is left out, and its models are unavailable with the
reason. Nothing is compiled here, but psutil on PyPy, which has no wheels and needs a C compiler.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
from importlib.metadata import requires

#: Extras that stand for others, that are for developers, or that are too large to install unasked.
LEFT_OUT = {"all", "dev", "docs", "ray"}
#: Of what an installer says, so much of the line that tells why.
CHARACTERS_SHOWN = 160


def extras() -> dict[str, list[str]]:
    """Requirements of each extra that this interpreter is meant to have."""
    from packaging.requirements import Requirement

    found: dict[str, list[str]] = {}
    for text in requires("parabench") or []:
        requirement = Requirement(text)
        for extra in _names_in(str(requirement.marker or "")) - LEFT_OUT:
            if requirement.marker is not None and requirement.marker.evaluate({"extra": extra}):
                bare = f"{requirement.name}{_bracketed(requirement.extras)}{requirement.specifier}"
                found.setdefault(extra, []).append(bare)
    return found


def _names_in(marker: str) -> set[str]:
    parts = marker.replace("'", '"').split('extra == "')
    return {part.partition('"')[0] for part in parts[1:]}


def _bracketed(names: set[str]) -> str:
    return f"[{','.join(sorted(names))}]" if names else ""


def install(requirements: list[str], *, build: bool) -> str | None:
    """Install into the environment of this interpreter; None when that went well, else why not."""
    if importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    else:
        return "there is neither pip nor uv"
    wheels = [] if build else ["--only-binary", ":all:"]
    done = subprocess.run([*command, *wheels, *requirements], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    why = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no reason given")
    return why.removeprefix("ERROR: ")[:CHARACTERS_SHOWN]


def main() -> None:
    """Install all extras at once, or one by one when one of them cannot be had."""
    wanted = extras()
    compiled = {"psutil"} if platform.python_implementation() == "PyPy" else set()
    together = sorted({text for extra, texts in wanted.items() if extra not in compiled for text in texts})
    problem = install(together, build=False) if together else None
    alone = sorted(wanted) if problem else sorted(compiled & wanted.keys())
    for extra in alone:
        reason = install(wanted[extra], build=extra in compiled)
        sys.stdout.write(f"extra {extra}: {f'left out: {reason}' if reason else 'installed'}\n")


if __name__ == "__main__":
    main()
