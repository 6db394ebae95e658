"""The options of an experiment: one table that makes the pytest options, the ini options and the checked values."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from parabench.errors import InvalidOption
from parabench.measure.lock import POLICIES
from parabench.workload import SIZES

#: GitHub's own address; GitHub Enterprise has another.
GITHUB_URL = "https://api.github.com"

#: Without --passes and --budget: this many passes, if they fit into so many seconds.
PASSES_DEFAULT, BUDGET_DEFAULT_SECONDS = 5, 155.0
#: With --budget alone: passes until all is settled or it is spent, but not more than this.
PASSES_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user chose, checked."""

    models: tuple[str, ...]
    workloads: tuple[str, ...]
    workers: tuple[int, ...]
    size: str
    live: bool
    github_url: str
    latency: float
    #: Passes at most.
    passes: int
    #: A further pass begins only when it is going to fit into this many seconds from the start; None: no limit.
    budget: float | None
    #: Passes go on until the winners are settled, and visit only what is not: with a budget, and no number of passes.
    race: bool
    rounds: int | None
    #: What a busy core draws, for an estimate of the energy; None: no estimate.
    watts_per_core: float | None
    seed: int
    cell_timeout: float
    scratch: Path | None
    results: Path
    workloads_dir: Path
    #: Names to select the session by.
    tag: tuple[str, ...]
    #: What to do while another session measures: "wait", "refuse" or "allow".
    on_busy: str
    #: Measure nothing when a check before measuring finds a fault.
    strict_preflight: bool
    #: Go on with the session that was left unfinished.
    resume: bool

    def stored(self) -> dict[str, Any]:
        """What a stored session tells of them: no paths, they may name the user."""
        told = asdict(self)
        for private in (
            "tag",
            "scratch",
            "results",
            "workloads_dir",
            "github_url",
            "resume",
            "on_busy",
            "strict_preflight",
        ):
            del told[private]
        told["github_host_is_default"] = self.github_url == GITHUB_URL
        return told


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


def _flag(option: str, text: str) -> bool:
    if text.lower() not in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        raise InvalidOption(option, text, "true or false")
    return text.lower() in ("1", "true", "yes", "on")


def _path(option: str, text: str) -> Path | None:
    return Path(text) if text else None


@dataclass(frozen=True, slots=True)
class _Entry:
    flag: str
    metavar: str | None
    default: str
    parse: Callable[[str, str], Any]
    help: str

    @property
    def field(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")


OPTIONS = (
    _Entry("--models", "NAMES", "", _names, "Models to run, names or patterns separated by commas; all without"),
    _Entry("--workloads", "NAMES", "", _names, "Workloads to run, names or patterns separated by commas; all without"),
    _Entry("--workers", "N,N", "", _counts, "Numbers of workers; default: usable cores, more for work that waits"),
    _Entry("--size", "SIZE", "small", _size, "Size of the batches: small, medium or large"),
    _Entry(
        "--passes",
        "N",
        "",
        _whole,
        "Visit every cell so often, each time in a new random order; default: 5, if they fit",
    ),
    _Entry(
        "--budget",
        "SECONDS",
        "",
        _budget,
        "Instead of --passes: go on until every winner is settled or this time is spent, dropping the losers",
    ),
    _Entry("--rounds", "N", "", _whole, "Timed rounds per visit; default: what fits into 0.05 s, from 1 to 3"),
    _Entry(
        "--seed", "N", "", _seed, "Seed of the orders, data and latencies; default: a new one, stored with the results"
    ),
    _Entry("--latency", "SECONDS", "0.005", _seconds, "Middle of the simulated reply times of the GitHub workloads"),
    _Entry(
        "--live", None, "", _flag, "Also run the workloads that ask the real GitHub API (GITHUB_TOKEN is used if set)"
    ),
    _Entry("--github-url", "URL", GITHUB_URL, _url, "GitHub API of the live workloads, for GitHub Enterprise"),
    _Entry(
        "--on-busy",
        "DO",
        "wait",
        _on_busy,
        "While another session measures here: wait, refuse, or allow (and be marked)",
    ),
    _Entry(
        "--strict-preflight", None, "", _flag, "Measure nothing if a check of the machine or interpreter finds a fault"
    ),
    _Entry("--tag", "NAMES", "", _names, "Names to select the session by in comparisons, separated by commas"),
    _Entry("--allow-noisy", None, "", _flag, "The same as --on-busy allow"),
    _Entry("--resume", None, "", _flag, "Finish the session that a crash or an interruption left, with the same plan"),
    _Entry(
        "--watts-per-core", "W", "", _watts, "What a busy core draws, to estimate energy from CPU time; default: none"
    ),
    _Entry("--cell-timeout", "SECONDS", "120", _seconds, "Kill a cell whose batch takes longer than this"),
    _Entry(
        "--scratch", "DIR", "", _path, "Folder for the files of disk workloads; default: the system's temporary folder"
    ),
    _Entry("--results", "DIR", "results", _path, "Folder of the stored sessions, relative to the root directory"),
    _Entry(
        "--workloads-dir", "DIR", "workloads", _path, "Folder of the workload files, relative to the root directory"
    ),
)


def add_options(parser: Any) -> None:
    """Add every option, and its ini twin `parabench_<name>`, to a pytest parser."""
    group = parser.getgroup("parabench", "parabench: concurrency models compared")
    for entry in OPTIONS:
        described = f"{entry.help}" + (f" (default: {entry.default})" if entry.default else "")
        if entry.metavar is None:
            group.addoption(
                entry.flag, action="store_const", const="1", default=None, dest=_dest(entry), help=described
            )
        else:
            group.addoption(entry.flag, metavar=entry.metavar, default=None, dest=_dest(entry), help=described)
        parser.addini(_dest(entry), help=f"The same as {entry.flag}", default=entry.default)


def read_options(config: Any, adopted: Mapping[str, Any] | None = None) -> Options:
    """The checked options of a pytest run: command line before ini before default. Raises InvalidOption.

    `adopted` are the stored options of a session to go on with; they stand where the command line says nothing.
    """
    values: dict[str, Any] = {}
    for entry in OPTIONS:
        given = config.getoption(_dest(entry))
        if given is None and adopted is not None and entry.field in adopted:
            value = adopted[entry.field]
            values[entry.field] = tuple(value) if isinstance(value, list) else value
            continue
        text = given if given is not None else str(config.getini(_dest(entry)))
        source = entry.flag if given is not None else f"the ini option {_dest(entry)}"
        values[entry.field] = entry.parse(source, text)
    values["race"] = values["passes"] is None and values["budget"] is not None
    if adopted is not None:
        values["race"] = bool(adopted.get("race", False))
    if values["passes"] is None:
        values["passes"] = PASSES_DEFAULT if values["budget"] is None else PASSES_MOST
        values["budget"] = values["budget"] or BUDGET_DEFAULT_SECONDS
    if values.pop("allow_noisy"):
        values["on_busy"] = "allow"
    root = Path(config.rootpath)
    for folder in ("results", "workloads_dir"):
        values[folder] = root / values[folder]
    return Options(**values)


def _dest(entry: _Entry) -> str:
    return f"parabench_{entry.field}"
