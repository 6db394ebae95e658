"""What the user chose, checked. Where the texts come from, the plugin knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parabench.analyse.race import PASSES_LEAST
from parabench.errors import InvalidOption, spelled
from parabench.history.remote import local_folder
from parabench.machine.fingerprint import machine_id, take_fingerprint
from parabench.session.option_checks import CHECKS, folder_for_files
from parabench.session.option_table import GITHUB_URL, OPTIONS
from parabench.workers.services import Services

#: Without --passes and --budget a race may take so many seconds.
BUDGET_DEFAULT_SECONDS = 155.0
#: A task of which nothing is heard is sent again, and given up, well before its cell is.
SILENCES_PER_CELL = 4
#: Options that say where somebody else's servers are, and may hold passwords.
ADDRESSES = ("broker", "dask_scheduler", "ray_address")


@dataclass(frozen=True, slots=True)
class Given:
    """The text of an option, and where it comes from ("--passes", "the ini option parabench_passes")."""

    text: str
    source: str
    #: Whether it was said for this very session, and not in a file or by nobody.
    explicit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user chose, checked."""

    models: tuple[str, ...]
    workloads: tuple[str, ...]
    workers: tuple[int, ...]
    #: Items a message, where a model can send several.
    chunks: tuple[str, ...]
    #: Run every workload, and every model that starts no servers.
    everything: bool
    size: str
    live: bool
    github_url: str
    latency_seconds: float
    #: Passes that visit every cell; None: as many as the budget has room for.
    passes: int | None
    #: Visits begin only when they are going to fit into this many seconds from the start; None: no limit.
    budget_seconds: float | None
    #: Passes go on until the answers are settled, and visit only what is not: without a number of passes.
    race: bool
    rounds: int | None
    #: What a busy core draws, for an estimate of the energy; None: no estimate.
    watts_per_core: float | None
    seed: int
    cell_timeout_seconds: float
    scratch: Path | None
    results: Path
    workloads_dir: Path
    #: Leave the report of the results folder as it is.
    no_report: bool
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
    def passes_required(self) -> int:
        """Passes that are made whatever they take: two of a race, so that sessions can be compared cell by cell.

        One where somebody wants a shorter race than usual: the second is made as far as it fits.
        """
        short = self.budget_seconds is not None and self.budget_seconds < BUDGET_DEFAULT_SECONDS
        return 1 if short or not self.race else PASSES_LEAST

    @property
    def passes_reserved(self) -> int:
        """Passes in which every model's default cell comes before what else may race: two of any race."""
        return PASSES_LEAST if self.race else 1

    @property
    def services(self) -> Services:
        """What models that need a service are told."""
        return Services(
            broker=self.broker,
            workers_external=self.workers_external,
            dask_scheduler=self.dask_scheduler,
            ray_address=self.ray_address,
            ray_local=self.ray_local,
            seconds_silence=self.cell_timeout_seconds / SILENCES_PER_CELL,
        )

    def stored(self) -> dict[str, Any]:
        """What a stored session tells of them: no paths, they may name the user."""
        stored = asdict(self)
        for private in (
            "tag",
            "scratch",
            "results",
            "workloads_dir",
            "github_url",
            "resume",
            "on_busy",
            "strict_preflight",
            "no_report",
            *ADDRESSES,
        ):
            del stored[private]
        stored["external_services"] = [name for name in ADDRESSES if getattr(self, name) is not None]
        stored["github_host_is_default"] = self.github_url == GITHUB_URL
        return stored


def read_options(given: Mapping[str, Given], root: Path, adopted: Mapping[str, Any] | None = None) -> Options:
    """The checked options. Raises InvalidOption, and RemoteUnusable for a URL.

    `given` has every option by its field: as text, and where that text comes from, if it was said for this session.
    `adopted` are the stored options of a session to go on with; they stand where nothing was said. Folders are taken
    from `root`.
    """
    values: dict[str, Any] = {}
    for entry in OPTIONS:
        said = given[entry.field]
        if not said.explicit and adopted is not None and entry.field in adopted:
            value = adopted[entry.field]
            values[entry.field] = tuple(value) if isinstance(value, list) else value
            continue
        values[entry.field] = CHECKS[entry.flag](said.source, said.text)
    values["race"] = values["passes"] is None
    if adopted is not None:
        values["race"] = bool(adopted.get("race", False))
    if values["race"]:
        values["budget_seconds"] = values["budget_seconds"] or BUDGET_DEFAULT_SECONDS
    if values.pop("allow_noisy"):
        values["on_busy"] = "allow"
    if values["workers_external"] and values["broker"] is None:
        raise InvalidOption(
            spelled("--workers-external"), "true", f"{spelled('--broker')} URL beside it, where those workers are"
        )
    values["results"] = local_folder(given["results"].text, root)
    values["workloads_dir"] = root / values["workloads_dir"]
    if values["scratch"] is not None:
        values["scratch"] = folder_for_files(given["scratch"].source, values["scratch"], root)
    return Options(**values)


def folder_of(options: Options) -> Path:
    """Where sessions of this fingerprint are stored."""
    return options.results / machine_id(take_fingerprint())
