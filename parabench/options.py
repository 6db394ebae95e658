"""The options of an experiment: one table that makes the pytest options, the ini options and the checked values."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parabench.errors import InvalidOption
from parabench.measure.lock import POLICIES
from parabench.queues.address import is_broker, shown
from parabench.services import Services
from parabench.workload import SIZES

#: GitHub's own address; GitHub Enterprise has another.
GITHUB_URL = "https://api.github.com"

#: Without --passes and --budget: this many passes, if they fit into so many seconds.
PASSES_DEFAULT, BUDGET_DEFAULT_SECONDS = 5, 155.0
#: A task of which nothing is heard is sent again, and given up, well before its cell is.
SILENCES_PER_CELL = 4
#: The broker's URL, for those who do not want its password in the list of processes.
BROKER_VARIABLE = "PARABENCH_BROKER"
#: With --budget alone: passes until all is settled or it is spent, but not more than this.
PASSES_MOST = 100
#: Options that say where somebody else's servers are, and may hold passwords.
ADDRESSES = ("broker", "dask_scheduler", "ray_address")


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
    #: Servers that somebody else runs; see `Services`.
    broker: str | None = field(repr=False)
    workers_external: bool
    dask_scheduler: str | None = field(repr=False)
    ray_address: str | None = field(repr=False)
    ray_local: bool

    @property
    def services(self) -> Services:
        """What models that need a service are told."""
        return Services(
            broker=self.broker,
            workers_external=self.workers_external,
            dask_scheduler=self.dask_scheduler,
            ray_address=self.ray_address,
            ray_local=self.ray_local,
            seconds_silence=self.cell_timeout / SILENCES_PER_CELL,
        )

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
            *ADDRESSES,
        ):
            del told[private]
        told["external_services"] = [name for name in ADDRESSES if getattr(self, name) is not None]
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


def _broker(option: str, text: str) -> str | None:
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
class _Entry:
    flag: str
    metavar: str | None
    default: str
    parse: Callable[[str, str], Any]
    help: str
    #: Another name of it.
    alias: str | None = None

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
    _Entry(
        "--broker",
        "URL",
        "",
        _broker,
        f"Redis-compatible server of the task queues (or ${BROKER_VARIABLE}); default: one that is started for them",
        alias="--celery-broker",
    ),
    _Entry(
        "--workers-external", None, "", _flag, "The queues' workers have been started by 'parabench worker', anywhere"
    ),
    _Entry("--dask-scheduler", "ADDRESS", "", _text, "Dask scheduler, such as tcp://scheduler.example:8786"),
    _Entry("--ray-address", "ADDRESS", "", _text, "Ray cluster, such as ray.example:6379"),
    _Entry("--ray-local", None, "", _flag, "Let the ray model start a Ray here: it listens on ALL network interfaces"),
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
        flags = [entry.flag, *filter(None, [entry.alias])]
        described = f"{entry.help}" + (f" (default: {entry.default})" if entry.default else "")
        if entry.metavar is None:
            group.addoption(*flags, action="store_const", const="1", default=None, dest=_dest(entry), help=described)
        else:
            group.addoption(*flags, metavar=entry.metavar, default=None, dest=_dest(entry), help=described)
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
    if values["workers_external"] and values["broker"] is None:
        raise InvalidOption("--workers-external", "true", "--broker URL beside it, where those workers are")
    root = Path(config.rootpath)
    for folder in ("results", "workloads_dir"):
        values[folder] = root / values[folder]
    return Options(**values)


def _dest(entry: _Entry) -> str:
    return f"parabench_{entry.field}"
