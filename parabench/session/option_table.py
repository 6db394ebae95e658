"""One table of all options: name, meaning, default, and the check that makes a value of a text."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parabench.errors import InvalidOption
from parabench.measure.lock import POLICIES
from parabench.queues.address import is_broker, shown
from parabench.workers.environment import BROKER_VARIABLE
from parabench.workload import SIZES

#: GitHub's own address; GitHub Enterprise has another.
GITHUB_URL = "https://api.github.com"


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
    if not set(chunks) <= {"1", "auto"}:
        raise InvalidOption(option, text, "1, auto, or 1,auto")
    return tuple(dict.fromkeys(chunks))


def _size(option: str, text: str) -> str:
    if text not in SIZES:
        raise InvalidOption(option, text, f"one of {', '.join(SIZES)}")
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One option: how it is called, what it means, and how its text becomes a value."""

    flag: str
    metavar: str | None
    default: str
    parse: Callable[[str, str], Any]
    help: str
    #: Another name of it.
    alias: str | None = None

    @property
    def field(self) -> str:
        """Name of the value among the options."""
        name = self.flag.removeprefix("--").replace("-", "_")
        return f"{name}_seconds" if self.metavar == "SECONDS" else name

    @property
    def ini(self) -> str:
        """Name of the ini option."""
        return f"parabench_{self.flag.removeprefix('--').replace('-', '_')}"


OPTIONS = (
    Entry(
        "--models",
        "NAMES",
        "",
        _names,
        "Models to run, names or patterns separated by commas, and sequential in any case; all without",
    ),
    Entry("--workloads", "NAMES", "", _names, "Workloads to run, names or patterns separated by commas; all without"),
    Entry("--workers", "N,N", "", _counts, "Numbers of workers; default: usable cores, more for work that waits"),
    Entry(
        "--chunks",
        "NAMES",
        "1",
        _chunks,
        "Items a message, where a model can send several: 1, auto (what its library chooses), or 1,auto",
    ),
    Entry(
        "--everything",
        None,
        "",
        _flag,
        "Run every workload, and every model that starts no servers, instead of one of each sort",
    ),
    Entry("--size", "SIZE", "small", _size, "Size of the batches: small, medium or large"),
    Entry(
        "--passes",
        "N",
        "",
        _whole,
        "Visit every cell so often, each time in a new random order, and race nothing",
    ),
    Entry(
        "--budget",
        "SECONDS",
        "",
        _budget,
        "Go on until every answer is settled, or this time is spent; with --passes: make no pass that ends later",
    ),
    Entry("--rounds", "N", "", _whole, "Timed rounds per visit; default: what fits into 0.05 s, from 1 to 3"),
    Entry(
        "--seed", "N", "", _seed, "Seed of the orders, data and latencies; default: a new one, stored with the results"
    ),
    Entry("--latency", "SECONDS", "0.005", _seconds, "Middle of the simulated reply times of the GitHub workloads"),
    Entry(
        "--live", None, "", _flag, "Also run the workloads that ask the real GitHub API (GITHUB_TOKEN is used if set)"
    ),
    Entry("--github-url", "URL", GITHUB_URL, _url, "GitHub API of the live workloads, for GitHub Enterprise"),
    Entry(
        "--on-busy",
        "DO",
        "wait",
        _on_busy,
        "While another session measures here: wait, refuse, or allow (and be marked)",
    ),
    Entry(
        "--strict-preflight", None, "", _flag, "Measure nothing if a check of the machine or interpreter finds a fault"
    ),
    Entry("--tag", "NAMES", "", _names, "Names to select the session by in comparisons, separated by commas"),
    Entry("--allow-noisy", None, "", _flag, "The same as --on-busy allow"),
    Entry("--resume", None, "", _flag, "Finish the session that a crash or an interruption left, with the same plan"),
    Entry(
        "--watts-per-core", "W", "", _watts, "What a busy core draws, to estimate energy from CPU time; default: none"
    ),
    Entry(
        "--broker",
        "URL",
        "",
        checked_broker,
        f"Redis-compatible server of the task queues (or ${BROKER_VARIABLE}); default: one that is started for them",
        alias="--celery-broker",
    ),
    Entry(
        "--workers-external", None, "", _flag, "The queues' workers have been started by 'parabench worker', anywhere"
    ),
    Entry("--dask-scheduler", "ADDRESS", "", _text, "Dask scheduler, such as tcp://scheduler.example:8786"),
    Entry("--ray-address", "ADDRESS", "", _text, "Ray cluster, such as ray.example:6379"),
    Entry("--ray-local", None, "", _flag, "Let the ray model start a Ray here: it listens on ALL network interfaces"),
    Entry("--cell-timeout", "SECONDS", "120", _seconds, "Kill a cell whose batch takes longer than this"),
    Entry(
        "--scratch", "DIR", "", _path, "Folder for the files of disk workloads; default: the system's temporary folder"
    ),
    Entry("--no-report", None, "", _flag, "Do not refresh report.html in the folder of the results after the session"),
    Entry("--results", "DIR", "results", _path, "Folder of the stored sessions, relative to the root directory"),
    Entry("--workloads-dir", "DIR", "workloads", _path, "Folder of the workload files, relative to the root directory"),
)
