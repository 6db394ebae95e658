"""pip's own resolver for another version of Python: `python resolve_for.py 3.15 FOLDER REQUIREMENT ...`.

Nothing is installed. pip takes wheels for the `--python-version` that it is told, but evaluates markers for the
interpreter that runs it: those have to be told as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def as_if(version: str, environment: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
    """What markers are evaluated in, of that version."""
    return lambda: environment() | {"python_version": version, "python_full_version": f"{version}.0"}


def main(version: str, folder: str, *requirements: str) -> Any:
    """Resolve and return pip's exit status."""
    from pip._internal.cli.main import main as pip
    from pip._vendor.packaging import markers

    markers.default_environment = as_if(version, markers.default_environment)
    quiet = ["--disable-pip-version-check", "--progress-bar", "off"]
    target = ["--only-binary", ":all:", "--python-version", version, "--target", folder]
    return pip(["install", "--dry-run", "--ignore-installed", *quiet, *target, *requirements])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
