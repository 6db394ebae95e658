"""What makes a value of an option's text, or refuses it."""

from __future__ import annotations

import math
import os
import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parabench.errors import InvalidOption
from parabench.measure.lock import POLICIES
from parabench.queues.address import is_broker, shown
from parabench.session.option_table import GITHUB_URL
from parabench.workers.environment import BROKER_VARIABLE
from parabench.workload import SIZES


def _names(option: str, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _counts(option: str, text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in _names(option, text))
    except ValueError:
        counts = (0,)
    if any(count < 1 for count in counts):
        raise InvalidOption(option, text, "whole numbers above 0, separated by commas, such as 1,2,4")
    return tuple(dict.fromkeys(counts))


def _chunks(option: str, text: str) -> tuple[str, ...]:
    chunks = _names(option, text) or ("1",)
    if unknown := set(chunks) - {"1", "auto"}:
        raise InvalidOption(option, min(unknown), "1, auto, or 1,auto", ["auto"])
    return tuple(dict.fromkeys(chunks))


def _size(option: str, text: str) -> str:
    if text not in SIZES:
        raise InvalidOption(option, text, f"one of {', '.join(SIZES)}", SIZES)
    return text


def _whole(option: str, text: str) -> int | None:
    if text == "":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise InvalidOption(option, text, "a whole number above 0")
    return int(text)


def _seed(option: str, text: str) -> int:
    if text == "":
        return random.SystemRandom().randrange(2**32)
    if not text.isdecimal():
        raise InvalidOption(option, text, "a whole number")
    return int(text)


def _seconds(option: str, text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise InvalidOption(option, text, "seconds above 0, such as 0.005 or 30s")
    return seconds


def _on_busy(option: str, text: str) -> str:
    if text not in POLICIES:
        raise InvalidOption(option, text, f"one of {', '.join(POLICIES)}")
    return text


def _budget(option: str, text: str) -> float | None:
    return _seconds(option, text) if text else None


def _watts(option: str, text: str) -> float | None:
    if text == "":
        return None
    try:
        watts = float(text)
    except ValueError:
        watts = math.nan
    if not (math.isfinite(watts) and watts > 0):
        raise InvalidOption(option, text, "watts above 0, such as 4.5")
    return watts


def _url(option: str, text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise InvalidOption(option, text, f"an http(s) URL such as {GITHUB_URL}")
    return text.rstrip("/")


def checked_broker(option: str, text: str) -> str | None:
    """The URL of a broker, or the one in the environment. Raises InvalidOption, which does not show its password."""
    text = text or os.environ.get(BROKER_VARIABLE, "")
    if text and not is_broker(text):
        raise InvalidOption(option, shown(text), "a URL such as redis://queue.example:6379/0, rediss:// or unix://")
    return text or None


def _text(option: str, text: str) -> str | None:
    return text or None


def _flag(option: str, text: str) -> bool:
    if text.lower() not in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        raise InvalidOption(option, text, "true or false")
    return text.lower() in ("1", "true", "yes", "on")


def _path(option: str, text: str) -> Path | None:
    return Path(text) if text else None


def folder_for_files(option: str, folder: Path, root: Path) -> Path:
    """The folder below `root` that an option names. Raises InvalidOption unless it takes files now."""
    try:
        with tempfile.TemporaryFile(dir=root / folder):
            pass
    except OSError as error:
        problem = error.strerror or str(error)
        raise InvalidOption(option, str(folder), f"a folder that takes files, and there: {problem}") from error
    return root / folder


#: By the short name of the option. A check is told what the option is called where it was given.
CHECKS: Mapping[str, Callable[[str, str], Any]] = {
    "--models": _names,
    "--workloads": _names,
    "--workers": _counts,
    "--chunks": _chunks,
    "--everything": _flag,
    "--size": _size,
    "--passes": _whole,
    "--budget": _budget,
    "--rounds": _whole,
    "--seed": _seed,
    "--latency": _seconds,
    "--live": _flag,
    "--github-url": _url,
    "--on-busy": _on_busy,
    "--strict-preflight": _flag,
    "--tag": _names,
    "--allow-noisy": _flag,
    "--resume": _flag,
    "--watts-per-core": _watts,
    "--broker": checked_broker,
    "--workers-external": _flag,
    "--dask-scheduler": _text,
    "--ray-address": _text,
    "--ray-local": _flag,
    "--no-report": _flag,
    "--cell-timeout": _seconds,
    "--scratch": _path,
    "--results": _path,
    "--workloads-dir": _path,
}
