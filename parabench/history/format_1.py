"""From format 1 to 2: cells without a number were named by a text only, and seconds among options had no unit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

#: Models that wrote format 1. A text such as "fetch-process-pool-fork-w2-medium" cannot be cut at hyphens without them.
_MODELS = (
    *("sequential", "thread-per-task", "thread-pool", "process-per-task", "mp-pool", "process-pool-fork"),
    *(
        "process-pool-forkserver",
        "process-pool-spawn",
        "asyncio",
        "asyncio-uvloop",
        "asyncio-to-thread",
        "interpreters",
    ),
    *("gevent", "joblib-loky", "celery", "celery-threads", "rq", "dramatiq", "dask", "dask-threads", "ray"),
)
#: Option of format 1 -> of format 2.
RENAMED_OPTIONS = {
    "latency": "latency_seconds",
    "budget": "budget_seconds",
    "cell_timeout": "cell_timeout_seconds",
}


def fields_for_ids(session: dict[str, Any], cells: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Name cells by fields, as well as can be told from their texts; numbers of workers that nobody stored are 1."""
    options = session.get("options")
    if isinstance(options, dict):
        session["options"] = options = renamed(options)
    named = bool(options.get("workers")) if isinstance(options, dict) else False
    for info in cells:
        info.setdefault("workers_named", named and info.get("model") != "sequential")
    size = str(options.get("size", "small")) if isinstance(options, dict) else "small"
    models = [*_MODELS, *(str(info.get("model")) for info in cells)]
    workers = {str(info.get("model")): info.get("workers") for info in cells}
    for key in ("failed", "not_run"):
        for entry in session.get(key) or () if isinstance(session.get(key), list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("cell"), str):
                entry.update(_fields(entry["cell"], size, models, workers))
    return session, cells


def renamed(options: dict[str, Any]) -> dict[str, Any]:
    """Options under the names that they have now."""
    return {RENAMED_OPTIONS.get(name, name): value for name, value in options.items()}


def _fields(text: str, size: str, models: Iterable[str], workers: dict[str, Any]) -> dict[str, Any]:
    rest = text if size == "small" else text.removesuffix(f"-{size}")
    number = re.search(r"-w([1-9][0-9]*)$", rest)
    rest = rest[: number.start()] if number else rest
    model = max((name for name in models if rest.endswith(f"-{name}")), key=len, default="")
    workload = rest.removesuffix(f"-{model}") if model else rest
    known = workers.get(model)
    return {
        "workload": workload,
        "model": model or "unknown",
        "workers": int(number[1]) if number else known if isinstance(known, int) and known >= 1 else 1,
        "size": size,
        "workers_named": number is not None,
    }


def header_of_today(header: dict[str, Any]) -> dict[str, Any]:
    """A header with the names that options and fields of cells have now; the file stays as it is."""
    header, options, cells = dict(header), header.get("options"), header.get("cells")
    if isinstance(options, dict):
        header["options"] = renamed(options)
    if isinstance(cells, list):
        header["cells"] = [
            {"chunk": "1", "by_default": True}
            | {("workers_named" if name == "workers_in_id" else name): value for name, value in cell.items()}
            if isinstance(cell, dict)
            else cell
            for cell in cells
        ]
    return header
