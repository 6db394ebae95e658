"""Joules of the whole machine's processor packages, from the counters that Linux offers as powercap (RAPL).

A package's counter covers its cores, caches and graphics, whoever used them: it belongs to the machine and not to a
process. Sub-domains are left out, and so is "psys", which contains the packages: none counts twice.
The counters move about once a millisecond and start again from 0 after some minutes to an hour of full load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parabench.records import Energy

_ROOT = Path("/sys/class/powercap")
_MICROJOULES = 1e-6


@dataclass(frozen=True, slots=True)
class _Domain:
    name: str
    counter: Path
    #: What the counter reaches before it starts again, in microjoules.
    microjoules_range: int


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters at one moment in microjoules, or why there are none."""

    microjoules: tuple[int, ...]
    reason: str | None = None


class Packages:
    """The packages of this machine, found once; reading them is a few microseconds for each."""

    def __init__(self, root: Path = _ROOT, read_text: Callable[[Path], str] = Path.read_text) -> None:
        self._read_text = read_text
        self._domains: list[_Domain] = []
        self._reason: str | None = None
        try:
            self._domains = list(map(self._domain, self._package_folders(root)))
        except (OSError, ValueError) as error:
            self._reason = _why_not(error)
        if not self._domains and self._reason is None:
            self._reason = "the system offers no energy counters of processor packages (powercap, RAPL)"

    def read(self) -> Reading:
        """The counters now. With one package unreadable there is no sum: part of the energy would look like all."""
        if self._reason is not None:
            return Reading((), self._reason)
        try:
            return Reading(tuple(int(self._read_text(domain.counter)) for domain in self._domains))
        except (OSError, ValueError) as error:
            return Reading((), _why_not(error))

    def spent(self, before: Reading, after: Reading) -> Energy:
        """Joules of all packages between two readings. A counter that is lower than before has started again, once."""
        reason = before.reason or after.reason
        if reason is not None:
            return Energy(None, reason)
        spent = 0
        for domain, then, now in zip(self._domains, before.microjoules, after.microjoules, strict=True):
            spent += now - then if now >= then else now - then + domain.microjoules_range
        return Energy(spent * _MICROJOULES)

    def _package_folders(self, root: Path) -> list[Path]:
        """Folders of top-level domains that are packages; intel-rapl-mmio shows the same packages a second time."""
        top = sorted(folder for folder in root.glob("intel-rapl:*") if folder.name.count(":") == 1)
        return [folder for folder in top if self._read_text(folder / "name").startswith("package")]

    def _domain(self, folder: Path) -> _Domain:
        limit = int(self._read_text(folder / "max_energy_range_uj"))
        return _Domain(self._read_text(folder / "name").strip(), folder / "energy_uj", limit)


def _why_not(error: Exception) -> str:
    name = Path(str(getattr(error, "filename", None) or "energy_uj")).name
    if isinstance(error, PermissionError):
        return f"the kernel lets only root read the energy counters ({name}: permission denied)"
    return f"the energy counters cannot be read ({name}: {getattr(error, 'strerror', None) or 'no number'})"
