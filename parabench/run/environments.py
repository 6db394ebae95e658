"""An environment for each interpreter of a run: made once, kept in the user's cache, used again while it fits."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from parabench.errors import EnvironmentNotMade
from parabench.history.cache import cache_folder
from parabench.run.interpreter_names import Interpreter

#: Written last: an environment without it was never finished.
_READY = "parabench-ready.json"
LINES_SHOWN = 15


def environment_for(
    interpreter: Interpreter, root: Path, requirements: Sequence[str], say: Callable[[str], None]
) -> Path:
    """The Python of an environment with parabench, its extras that exist there, and these requirements.

    `root` is the user's project, where relative requirements are looked up. Raises EnvironmentNotMade.
    """
    source = parabench_source(root)
    made_of = {
        "interpreter": str(Path(interpreter.executable).resolve()),
        "description": interpreter.description,
        "parabench": source,
        "project": _digest(Path(source[1]) / "pyproject.toml") if source[0] == "-e" else None,
        "requirements": list(requirements),
        "root": str(root) if requirements else None,
    }
    key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]
    folder = cache_folder() / "environments" / f"{interpreter.description.replace(' ', '-')}-{key}"
    python = folder / "bin" / "python"
    if (folder / _READY).exists() and python.exists():
        return python
    say(f"making an environment for {interpreter.label} ({interpreter.description})")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _do(
        interpreter,
        [sys.executable, "-m", "virtualenv", "--quiet", "--python", interpreter.executable, str(folder)],
        root,
    )
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _do(interpreter, [*pip, *source, *requirements], root)
    said = _do(interpreter, [str(python), "-m", "parabench.run.extras"], folder)
    for line in said.splitlines():
        if "left out" in line:
            say(f"{interpreter.label}: {line}")
    (folder / _READY).write_text(json.dumps(made_of))
    return python


def parabench_source(root: Path) -> list[str]:
    """What pip is told to install the parabench that is running: this checkout, that folder, or that version."""
    project = root / "pyproject.toml"
    if (
        project.exists()
        and tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("name") == "parabench"
    ):
        return ["-e", str(root)]
    installed = distribution("parabench")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return ["-e", unquote(urlsplit(origin["url"]).path)]
    return [f"parabench=={installed.version}"]


def _digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.exists() else None


def _do(interpreter: Interpreter, command: list[str], folder: Path) -> str:
    # What this environment was told to import and to install from is not for others.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-LINES_SHOWN:]
        raise EnvironmentNotMade(interpreter.label, " ".join(command[1:4]), lines)
    return done.stdout
