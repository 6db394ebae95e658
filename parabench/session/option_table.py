"""One table of all options: name, meaning and default. What makes values of their texts is in `option_checks`.

Every pytest run of a project that has parabench installed imports this file, so it imports next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from parabench.errors.spelling import LONG_PREFIX, long_name
from parabench.workers.environment import BROKER_VARIABLE

#: GitHub's own address; GitHub Enterprise has another.
GITHUB_URL = "https://api.github.com"
#: The ini option by which a project asks for the short names.
SHORT_OPTIONS = "parabench_short_options"
#: How `parabench bench` tells the plugin that its user may write short names, which it hands on as long ones.
FRONT_END = "--parabench-bench"


@dataclass(frozen=True, slots=True)
class Entry:
    """One option: how it is called, and what it means."""

    #: The short name, which pytest knows where a project asks for it.
    flag: str
    #: What stands for its value; None: it takes none.
    metavar: str | None
    default: str
    help: str
    #: Another short name of it.
    alias: str | None = None

    @property
    def long_flag(self) -> str:
        """The name that pytest knows in every project."""
        return long_name(self.flag)

    def described(self, *, short: bool) -> str:
        """Its meaning, which may name other options by their short names, or only by their long ones."""
        return self.help if short else re.sub(r"--(?=[a-z])", LONG_PREFIX, self.help)

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
        "Models to run, names or patterns separated by commas, and sequential in any case; all without",
    ),
    Entry("--workloads", "NAMES", "", "Workloads to run, names or patterns separated by commas; all without"),
    Entry("--workers", "N,N", "", "Numbers of workers; default: usable cores, more for work that waits"),
    Entry(
        "--chunks",
        "NAMES",
        "1",
        "Items a message, where a model can send several: 1, auto (what its library chooses), or 1,auto",
    ),
    Entry(
        "--everything",
        None,
        "",
        "Run every workload, and every model that starts no servers, instead of one of each sort",
    ),
    Entry("--size", "SIZE", "small", "Size of the batches: small, medium or large"),
    Entry(
        "--passes",
        "N",
        "",
        "Visit every cell so often, each time in a new random order, and race nothing",
    ),
    Entry(
        "--budget",
        "SECONDS",
        "",
        "Go on until every answer is settled, or this time is spent; with --passes: make no pass that ends later",
    ),
    Entry("--rounds", "N", "", "Timed rounds per visit; default: what fits into 0.05 s, from 1 to 3"),
    Entry("--seed", "N", "", "Seed of the orders, data and latencies; default: a new one, stored with the results"),
    Entry("--latency", "SECONDS", "0.005", "Middle of the simulated reply times of the GitHub workloads"),
    Entry("--live", None, "", "Also run the workloads that ask the real GitHub API (GITHUB_TOKEN is used if set)"),
    Entry("--github-url", "URL", GITHUB_URL, "GitHub API of the live workloads, for GitHub Enterprise"),
    Entry(
        "--on-busy",
        "DO",
        "wait",
        "While another session measures here: wait, refuse, or allow (and be marked)",
    ),
    Entry("--strict-preflight", None, "", "Measure nothing if a check of the machine or interpreter finds a fault"),
    Entry("--tag", "NAMES", "", "Names to select the session by in comparisons, separated by commas"),
    Entry("--allow-noisy", None, "", "The same as --on-busy allow"),
    Entry("--resume", None, "", "Finish the session that a crash or an interruption left, with the same plan"),
    Entry("--watts-per-core", "W", "", "What a busy core draws, to estimate energy from CPU time; default: none"),
    Entry(
        "--broker",
        "URL",
        "",
        f"Redis-compatible server of the task queues (or ${BROKER_VARIABLE}); default: one that is started for them",
        alias="--celery-broker",
    ),
    Entry("--workers-external", None, "", "The queues' workers have been started by 'parabench worker', anywhere"),
    Entry("--dask-scheduler", "ADDRESS", "", "Dask scheduler, such as tcp://scheduler.example:8786"),
    Entry("--ray-address", "ADDRESS", "", "Ray cluster, such as ray.example:6379"),
    Entry("--ray-local", None, "", "Let the ray model start a Ray here: it listens on ALL network interfaces"),
    Entry("--cell-timeout", "SECONDS", "120", "Kill a cell whose batch takes longer than this"),
    Entry("--scratch", "DIR", "", "Folder for the files of disk workloads; default: the system's temporary folder"),
    Entry("--no-report", None, "", "Do not refresh report.html in the folder of the results after the session"),
    Entry("--results", "DIR", "results", "Folder of the stored sessions, relative to the root directory"),
    Entry("--workloads-dir", "DIR", "workloads", "Folder of the workload files, relative to the root directory"),
)


def in_full(arguments: Iterable[str]) -> list[str]:
    """The arguments of pytest with every short name of an option of ours as its long one, and its value joined to it.

    So they mean the same in every project, also in one that has an option of that name, and no value is taken for a
    path. What follows `--` stays as it is.
    """
    by_name = {name: entry for entry in OPTIONS for name in (entry.flag, entry.long_flag, entry.alias) if name}
    given = iter(arguments)
    spelled_out: list[str] = []
    for argument in given:
        name, joined, value = argument.partition("=")
        entry = by_name.get(name)
        if argument == "--":
            return [*spelled_out, argument, *given]
        if entry is None:
            spelled_out.append(argument)
        elif joined or entry.metavar is None:
            spelled_out.append(f"{entry.long_flag}{joined}{value}")
        else:
            follows = next(given, None)
            spelled_out.append(entry.long_flag if follows is None else f"{entry.long_flag}={follows}")
    return spelled_out
