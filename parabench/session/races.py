"""The races of a session, one for each workload: which contestants enter, and which visits are still worth making."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping

from parabench.analyse.moderated import NO_PRIOR, Prior
from parabench.analyse.noise import priors_by_group, variance_ratio, variances_by_group
from parabench.analyse.race import PASSES_LEAST, Race
from parabench.analyse.ranking import BASELINE, Ranking, Ratio, common_prior, rank
from parabench.analyse.repetition_counts import RATIO_UNKNOWN, ROUNDS_MOST, rounds_worth
from parabench.records import CellRecord
from parabench.session.contestants import may_enter

#: A speed-up whose interval's ends are further apart than this factor is worth further visits.
WIDTH_WANTED = 1.2
#: Of so many families, besides the baseline, the best contestant's memory and traces are taken.
FAMILIES_SHOWN = 1
#: What takes so many times as long as the fastest is timed once a visit: it is not going to be the best.
SLOW = 2.0
#: In the first pass what has been timed for so many seconds is not timed again: half of the contestants are seen to be
#: slower by that. A pool whose processes began on one core is moved to both within about a fifth of a second, so less
#: would be a look at that.
SECONDS_FIRST_LOOK = 0.2
#: What did not run by default and was so many times as slow as the fastest when first seen, is not visited again.
FAR_BEHIND = 1.3
#: The group of a visit's noise: family of the model and kind of work.
Group = tuple[str, str]
#: Group, variance of the log seconds of visits, and its degrees of freedom.
Variance = tuple[Group, float, int]


def passes_by_workload(records: Iterable[CellRecord]) -> dict[str, dict[str, Mapping[int, float]]]:
    """Seconds per round by workload, contestant and pass."""
    groups: dict[str, dict[str, Mapping[int, float]]] = {}
    for record in records:
        if record.valid:
            groups.setdefault(record.cell.workload, {})[record.label] = record.seconds_by_pass
    return groups


def rankings_of(
    records: Iterable[CellRecord], priors: Mapping[str, Mapping[str, Prior]] | None = None
) -> dict[str, Ranking]:
    """The ranking of the models of each workload that has any valid cell.

    `priors` say how the visits to each contestant scatter, by workload and label; without them all comparisons of the
    session have one in common.
    """
    groups = passes_by_workload(records)
    prior = common_prior(groups.values()) if priors is None else NO_PRIOR
    rankings = {
        workload: rank(passes, prior=prior, priors=(priors or {}).get(workload)) for workload, passes in groups.items()
    }
    return {workload: ranking for workload, ranking in rankings.items() if ranking is not None}


class Races:
    """All races of a session. `families` has the family of each model."""

    def __init__(
        self,
        records: Iterable[CellRecord],
        families: Mapping[str, str],
        *,
        everything: bool = False,
        explained: bool = False,
    ) -> None:
        """`everything`: all contestants have entered, not only those by default.

        `explained`: the user has named the work and wants to know why, so every model is looked into.
        """
        self._explained = explained
        self._records = [record for record in records if record.cell.unavailable is None]
        self._families = families
        self._entered = {record.cell.id for record in self._records if everything or record.cell.by_default}
        by_workload: dict[str, dict[str, str]] = {}
        for record in self._records:
            by_workload.setdefault(record.cell.workload, {})
            if record.cell.id in self._entered:
                by_workload[record.cell.workload][record.label] = families[record.cell.model]
        self.by_workload = {workload: Race(contestants) for workload, contestants in by_workload.items()}
        #: Seconds of the baseline / seconds of each contestant, by workload, as of the last look.
        self.speedups: dict[str, dict[str, Ratio]] = {}
        self._passes = 0
        #: Workloads whose open races the next pass goes on with.
        self._chosen: frozenset[str] = frozenset(self.by_workload)
        #: Variance between rounds / between visits, as of the last look.
        self._variance_ratios: dict[Group, float] = {}

    def wanted(self, record: CellRecord) -> bool:
        """Whether further visits to a cell would add anything."""
        if record.cell.id not in self._entered:
            return False
        if self._passes < PASSES_LEAST:
            return record.cell.by_default or not self._far_behind(record)
        if record.cell.kind == "live":
            return False  # somebody else's server is not asked more often than it has to be
        race, workload = self.by_workload[record.cell.workload], record.cell.workload
        if race.settled:
            return record.label in (race.leader, BASELINE) and not self._precise(race, workload)
        if workload not in self._chosen:
            return False
        of_baseline = record.label == BASELINE and not self._precise(race, workload)
        return of_baseline or record.label in race.running

    def _far_behind(self, record: CellRecord) -> bool:
        """Whether a contestant was seen, and is so much slower than the fastest that it is not going to be it."""
        if record.seconds is None:
            return False
        return record.seconds > FAR_BEHIND * min(self._seconds(record.cell.workload).values())

    def note(self, record: CellRecord) -> None:
        """Take note of a visit: when all that run by default have been seen, others enter in the same pass."""
        records = self._records_of(record.cell.workload)
        if self._passes == 0 and all(r.visits or r.failure for r in records if r.cell.id in self._entered):
            self._enter(record.cell.workload)

    def rounds_worth(self, record: CellRecord) -> Callable[[float, float], int]:
        """Gives how many rounds a visit to a cell is worth, from the seconds of its overhead and of its first batch."""
        ratio = self._variance_ratios.get(self._group(record), RATIO_UNKNOWN)
        fastest = min(self._seconds(record.cell.workload).values(), default=None)

        def worth(seconds_overhead: float, seconds_round: float) -> int:
            if fastest is not None and seconds_round > SLOW * fastest:
                return 1
            if self._passes == 0:
                return min(ROUNDS_MOST, math.ceil(SECONDS_FIRST_LOOK / max(seconds_round, 1e-9)))
            return rounds_worth(seconds_overhead, seconds_round, ratio)

        return worth

    def worth_instrumenting(self, record: CellRecord) -> bool:
        """Whether the untimed rounds of a cell are run.

        Those of the baseline, and of the best of the best families, which the first pass shows; where the work was
        named, of every model.
        """
        if record.instrumented is not None or not self._passes or record.cell.kind == "live":
            return False
        best: dict[str, tuple[float, str]] = {}
        for other in self._records_of(record.cell.workload):
            family = self._families[other.cell.model]
            if other.seconds is not None and other.label != BASELINE:
                best[family] = min(best.get(family, (other.seconds, other.label)), (other.seconds, other.label))
        shown = [label for _, label in sorted(best.values())[: None if self._explained else FAMILIES_SHOWN]]
        return record.label in (BASELINE, *shown) or (self._explained and record.cell.by_default)

    @property
    def settled(self) -> int:
        """How many races are settled."""
        return sum(race.settled for race in self.by_workload.values())

    @property
    def settled_by_family(self) -> int:
        """How many are settled for the family only."""
        return sum(race.family_settled and not race.settled for race in self.by_workload.values())

    def look(self, passes: int) -> None:
        """Take note of all that has been measured in so many passes, and let further contestants enter."""
        self._passes = passes
        groups = passes_by_workload(self._records)
        variances = self._variances(groups)
        priors = self._priors(variances)
        self._variance_ratios = self._ratios(variances)
        for workload, race in self.by_workload.items():
            standing = groups.get(workload, {})
            race.look(standing, passes, priors.get(workload, {}))
            self.speedups[workload] = race.ratios_to(BASELINE, standing, priors.get(workload, {}))
            self._enter(workload)
        self._chosen = self._closest()

    def _closest(self) -> frozenset[str]:
        """The half of the open races that need the least time, as far as can be foreseen; open families come first.

        Time that is spread over all of them settles none before it is up.
        """
        needs = {
            workload: (race.family_settled, race.visits_missing * self._seconds_of_pass(workload, race))
            for workload, race in self.by_workload.items()
            if not race.settled
        }
        return frozenset(sorted(needs, key=lambda workload: needs[workload])[: (len(needs) + 1) // 2])

    def _seconds_of_pass(self, workload: str, race: Race) -> float:
        """What a visit of each contestant that still runs takes."""
        running = [record for record in self._records_of(workload) if record.label in race.running and record.visits]
        return sum(
            visit.seconds_open + visit.seconds_first_batch + sum(visit.seconds_per_round)
            for visit in (record.visits[-1] for record in running)
        )

    def admit(self, record: CellRecord) -> None:
        """Let a contestant enter that others of its model say nothing about."""
        if record.cell.id not in self._entered:
            self._entered.add(record.cell.id)
            self.by_workload[record.cell.workload].enter(record.label, self._families[record.cell.model])

    def rankings(self) -> dict[str, Ranking]:
        """The ranking of each workload's contestants on their common passes."""
        groups = passes_by_workload(self._records)
        return rankings_of(self._records, self._priors(self._variances(groups)))

    def _enter(self, workload: str) -> None:
        for record in may_enter(self._records_of(workload), self._entered):
            self.admit(record)

    def _records_of(self, workload: str) -> list[CellRecord]:
        return [record for record in self._records if record.cell.workload == workload]

    def _seconds(self, workload: str) -> dict[str, float]:
        """Seconds per round of what has been measured of a workload, by label."""
        return {record.label: record.seconds for record in self._records_of(workload) if record.seconds is not None}

    def _group(self, record: CellRecord) -> Group:
        return self._families[record.cell.model], record.cell.kind

    def _variances(self, groups: Mapping[str, Mapping[str, Mapping[int, float]]]) -> dict[str, dict[str, Variance]]:
        """How the visits to each contestant scatter, by workload and label: group, variance, degrees of freedom."""
        group_of = {(record.cell.workload, record.label): self._group(record) for record in self._records}
        return variances_by_group(groups, lambda workload, label: group_of[workload, label])

    def _priors(self, variances: Mapping[str, Mapping[str, Variance]]) -> dict[str, dict[str, Prior]]:
        """How the visits to each contestant scatter as those of its group do, by workload and label."""
        entries = (entry for of_workload in variances.values() for entry in of_workload.values())
        priors = priors_by_group(entries, wider=lambda group: group[0])  # the family, over all kinds of work
        return {record.cell.workload: {} for record in self._records} | {
            workload: {
                record.label: priors[self._group(record)]
                for record in self._records_of(workload)
                if self._group(record) in priors
            }
            for workload in variances
        }

    def _ratios(self, variances: Mapping[str, Mapping[str, Variance]]) -> dict[Group, float]:
        """Variance between the rounds of a visit / between visits, by group."""
        between: dict[Group, list[float]] = {}
        for of_workload in variances.values():
            for group, variance, _ in of_workload.values():
                between.setdefault(group, []).append(variance)
        ratios = {}
        for group, values in between.items():
            visits = [v.seconds_per_round for r in self._records if self._group(r) == group for v in r.visits]
            if (ratio := variance_ratio(visits, statistics.fmean(values))) is not None:
                ratios[group] = ratio
        return ratios

    def _precise(self, race: Race, workload: str) -> bool:
        """Whether the speed-up that will be told is known well enough, or never will be."""
        ratio = self.speedups.get(workload, {}).get(race.leader or "")
        if ratio is None or race.leader == BASELINE:
            return True
        return ratio.low is not None and ratio.high is not None and ratio.high / ratio.low <= WIDTH_WANTED
