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


def look_up_tags_in_a_set() -> None:
    """Have pip look for a wheel's few tags among a platform's thousand, as newer releases of pip do.

    The answer is the same. pip 23, which comes with Python 3.11, compares each of the thousand, for every file of every
    release: 40 % of a resolution's processor time.
    """
    from pip._internal.models.wheel import Wheel

    sets: dict[int, tuple[Any, frozenset[Any]]] = {}  # by identity: pip keeps one list, and the entry keeps it alive

    def supported(wheel: Any, tags: Any) -> bool:
        if id(tags) not in sets:
            sets[id(tags)] = (tags, frozenset(tags))
        return not wheel.file_tags.isdisjoint(sets[id(tags)][1])

    Wheel.supported = supported


def main(version: str, folder: str, *requirements: str) -> Any:
    """Resolve and return pip's exit status."""
    from pip._internal.cli.main import main as pip
    from pip._vendor.packaging import markers

    look_up_tags_in_a_set()
    markers.default_environment = as_if(version, markers.default_environment)
    quiet = ["--disable-pip-version-check", "--progress-bar", "off"]
    target = ["--only-binary", ":all:", "--python-version", version, "--target", folder]
    return pip(["install", "--dry-run", "--ignore-installed", *quiet, *target, *requirements])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
