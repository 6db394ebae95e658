"""The race of one workload's models: which further passes still have to visit, and when the winner is settled.

Models that are slower than the fastest one for sure are dropped after each pass. Looking after every pass is giving
luck many chances, so look k spends alpha / (k (k + 1)) of the error probability, which adds up to alpha over all looks
(a union bound; dropping as in F-race: Birattari, Stützle, Paquete and Varrentrapp, "A racing algorithm for configuring
metaheuristics", GECCO 2002). The model that remains has been picked for being fast, by luck among other things, so it
is confirmed against its closest rival on fresh passes alone before it is called the winner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parabench.analyse.moderated import Prior
from parabench.analyse.ranking import BASELINE, Ranking, Ratio, compare, rank

#: Nothing is dropped before so many passes.
PASSES_LEAST = 3
#: A winner is confirmed on so many passes that had no part in picking it.
PASSES_FRESH = 3
#: Models that are within this factor of the fastest one for sure are its equals for every practical purpose.
EQUAL_WITHIN = 1.05
#: Probability, per workload, of dropping a model that is as fast as the fastest.
ALPHA = 0.05

Passes = Mapping[str, Mapping[int, float]]


@dataclass(slots=True)
class Race:
    """Which models still run; call `look` after each pass."""

    #: Models that further passes visit; empty when all is settled.
    running: frozenset[str]
    #: Set while a winner is being confirmed, and afterwards.
    winner: str | None = None
    rival: str | None = None
    #: Rival's seconds / winner's, on fresh passes alone; set when the winner is confirmed.
    confirmed: Ratio | None = None
    #: Models that are practically as fast as each other, fastest first, when the race has ended with several.
    equals: tuple[str, ...] = ()
    _looks: int = 0
    #: Pass from which on the confirmation counts.
    _fresh_from: int = 0
    _dropped: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether further passes would add nothing."""
        return not self.running

    def look(self, seconds_by_pass: Passes, passes: int, prior: Prior) -> None:
        """Take note of the seconds per round, by model and pass, after so many passes. Failed models have no entry."""
        if self.settled:
            return
        alive = {model: seconds_by_pass[model] for model in self.running if seconds_by_pass.get(model)}
        self.running = frozenset(alive)
        if self.winner is not None and self.rival is not None and {self.winner, self.rival} <= alive.keys():
            self._confirm(alive, passes, prior)
        elif passes >= PASSES_LEAST:
            self.winner = self.rival = None
            self._drop(alive, seconds_by_pass, passes, prior)

    def standing(self, seconds_by_pass: Passes, prior: Prior) -> Ranking | None:
        """The ranking that the race has come to so far; None without any measured model.

        First place has the winner, or the first of the equals, or the fastest of the models that still run. A dropped
        model has fewer passes, and the machine may have been faster in them, so it is never ranked by its own median:
        its seconds are those of the first place times their ratio on the passes that both took part in.
        """
        measured = {model: passes for model, passes in seconds_by_pass.items() if passes}
        candidates = [self.winner] if self.winner is not None else self.equals or sorted(self.running)
        ranking = rank({m: measured[m] for m in candidates if m in measured} or measured, baseline="", prior=prior)
        if ranking is None:
            return None
        best, everything = ranking.best, max(1, len(measured) - 1)
        each = 1 - ALPHA / everything
        behind = {m: compare(passes, measured[best], each, prior) for m, passes in measured.items() if m != best}
        order = sorted(behind, key=lambda model: behind[model].ratio)
        reference = measured.get(BASELINE)
        second = self.rival if self.rival in behind else next(iter(order), None)
        return Ranking(
            seconds={best: ranking.seconds[best]} | {m: ranking.seconds[best] * behind[m].ratio for m in order},
            leaders=ranking.leaders,
            speedups={m: compare(reference, measured[m], each, prior) for m in (best, *order)} if reference else {},
            runner_up=second,
            margin=self.confirmed or (behind[second] if second is not None else None),
        )

    def _drop(self, alive: Passes, seconds_by_pass: Passes, passes: int, prior: Prior) -> None:
        self._looks += 1
        confidence = 1 - ALPHA / (self._looks * (self._looks + 1))
        ranking = rank(alive, baseline="", confidence=confidence, prior=prior)
        if ranking is None:
            self.running = frozenset()
            return
        behind = [model for model in ranking.seconds if model not in ranking.leaders]
        self._dropped = [*behind, *(model for model in self._dropped if model not in behind)]
        self.running = frozenset(ranking.leaders)
        each = 1 - (1 - confidence) / max(1, len(alive) - 1)
        if len(ranking.leaders) > 1:
            if all(_equal(alive[ranking.best], alive[m], each, prior) for m in ranking.leaders[1:]):
                self.equals, self.running = ranking.leaders, frozenset()
            return
        rivals = [model for model in self._dropped if model != ranking.best and seconds_by_pass.get(model)]
        if not rivals:  # it has always been alone
            self.winner, self.running = ranking.best, frozenset()
            return
        self.winner, self.rival = ranking.best, rivals[0]
        self.running, self._fresh_from = frozenset({ranking.best, rivals[0]}), passes

    def _confirm(self, alive: Passes, passes: int, prior: Prior) -> None:
        assert self.winner is not None
        assert self.rival is not None
        fresh = {m: {k: s for k, s in seconds.items() if k >= self._fresh_from} for m, seconds in alive.items()}
        if passes - self._fresh_from < PASSES_FRESH:
            return
        ratio = compare(fresh[self.rival], fresh[self.winner], 1 - ALPHA, prior)
        if ratio.low is not None and ratio.low > 1:
            self.confirmed, self.running = ratio, frozenset()
        else:
            self.winner = self.rival = None  # luck had a part in it: both run on


def _equal(one: Mapping[int, float], other: Mapping[int, float], confidence: float, prior: Prior) -> bool:
    ratio = compare(other, one, confidence, prior)
    if ratio.low is None or ratio.high is None:
        return False
    return ratio.low > 1 / EQUAL_WITHIN and ratio.high < EQUAL_WITHIN
