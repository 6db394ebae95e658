"""The hash of a workload's source: by it sessions, and workers on other hosts, know whether they do the same work."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path


def source_hash(module: str) -> str | None:
    """Hash of a module's file, or of all files of the package in a workloads folder that it is part of.

    `module` is the name of an imported module, such as "workloads.github.live"; None where it has no file.
    """
    family = ".".join(module.split(".")[:2])
    origin = getattr(sys.modules.get(family), "__file__", None)
    if origin is None:
        return None
    files = sorted(Path(origin).parent.rglob("*.py")) if Path(origin).name == "__init__.py" else [Path(origin)]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def source_hash_of_task(task: str) -> str | None:
    """The same for a task's reference, "package.module:name", whose module is imported. Raises as importing does."""
    module = task.partition(":")[0]
    importlib.import_module(module)
    return source_hash(module)
