"""The races of a session, one for each workload: which cells further passes still have to visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parabench.analyse.race import Race
from parabench.analyse.ranking import Ranking, common_prior, rank
from parabench.records import CellRecord


def passes_by_workload(records: Iterable[CellRecord]) -> dict[str, dict[str, Mapping[int, float]]]:
    """Seconds per round by workload, model (with its workers, if several numbers were asked for) and pass."""
    groups: dict[str, dict[str, Mapping[int, float]]] = {}
    for record in records:
        if record.valid:
            groups.setdefault(record.cell.workload, {})[record.label] = record.seconds_by_pass
    return groups


def rankings_of(records: Iterable[CellRecord]) -> dict[str, Ranking]:
    """The ranking of the models of each workload that has any valid cell."""
    groups = passes_by_workload(records)
    prior = common_prior(groups.values())
    rankings = {workload: rank(passes, prior=prior) for workload, passes in groups.items()}
    return {workload: ranking for workload, ranking in rankings.items() if ranking is not None}


class Races:
    """All races of a session that goes on until its winners are settled."""

    def __init__(self, records: Iterable[CellRecord]) -> None:
        self._records = [record for record in records if record.cell.unavailable is None]
        running: dict[str, set[str]] = {}
        for record in self._records:
            running.setdefault(record.cell.workload, set()).add(record.label)
        self.by_workload = {workload: Race(frozenset(models)) for workload, models in running.items()}

    def wanted(self, record: CellRecord) -> bool:
        """Whether further visits to a cell would add anything."""
        return record.label in self.by_workload[record.cell.workload].running

    def look(self, passes: int) -> None:
        """Take note of all that has been measured in so many passes."""
        groups = passes_by_workload(self._records)
        prior = common_prior(groups.values())
        for workload, race in self.by_workload.items():
            race.look(groups.get(workload, {}), passes, prior)

    def rankings(self) -> dict[str, Ranking]:
        """Where each race stands, by workload, for those that have any valid cell."""
        groups = passes_by_workload(self._records)
        prior = common_prior(groups.values())
        standings = {name: self.by_workload[name].standing(passes, prior) for name, passes in groups.items()}
        return {workload: ranking for workload, ranking in standings.items() if ranking is not None}
