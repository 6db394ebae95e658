"""The race of one workload's contestants: what drops out, what is left to be told apart, and when that is enough.

A contestant is worse for sure when some other one is faster for sure; it drops out, as in F-race (Birattari, Stützle,
Paquete and Varrentrapp, "A racing algorithm for configuring metaheuristics", GECCO 2002). A race is settled when the
leader is at most 5 % slower than the best contestant for sure. These are comparisons with the best (Hsu, "Simultaneous
confidence intervals for all distances from the 'best'", Annals of Statistics 9(5), 1981): whichever contestant is
picked as leader by the same numbers, only the comparisons with the one that is truly best can be wrong, so the error
probability is divided by the number of contestants less one, and not by that of all pairs. What is claimed is that
something is slower, never how much, so all of the error probability is on that side. Families are compared as a whole
(`parabench.analyse.families`), with an error probability of their own; once the family is settled, what is left is
which of its members it should be.

Who wants the simplest of those that are as good names the families in that order. Then a simpler contestant that seems
to be as good keeps running, and the race stays open, until it is known whether it is: else chance would decide how
simple the answer is.

Looking after every pass is giving luck many chances, so look k spends alpha / (k (k + 1)) of the error probability,
which adds up to alpha over all looks (a union bound).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parabench.analyse.families import families_behind
from parabench.analyse.moderated import NO_PRIOR, Prior
from parabench.analyse.noise import prior_of_pair
from parabench.analyse.ranking import Ratio, compare

#: Nothing is decided before so many passes: every contestant by default is visited in all of them.
PASSES_LEAST = 2
#: A leader that is at most this factor slower than the best one is as good for every practical purpose.
EQUAL_WITHIN = 1.05
#: Of those that are within this factor of the front one with several visits leads: a single one may be luck.
NEAR = 1.1
#: Probability, per workload, of any wrong claim: the best one dropped, or more than 5 % faster than a settled leader.
ALPHA = 0.05

Passes = Mapping[str, Mapping[int, float]]
Priors = Mapping[str, Prior]


@dataclass(slots=True)
class Race:
    """Which contestants still run; call `look` after each pass."""

    #: The family of each contestant, by its label.
    families: Mapping[str, str]
    #: Families, the simplest first, where a simpler one that may be as good is waited for.
    simplest_first: Sequence[str] = ()
    #: Those that may still be the best.
    running: frozenset[str] = field(init=False)
    #: The fastest so far; None before the first look.
    leader: str | None = None
    #: Seconds of each other contestant / seconds of the leader, with the interval of the last look.
    behind: dict[str, Ratio] = field(default_factory=dict)
    #: The same of each other family that still runs, as a whole.
    families_behind: dict[str, Ratio] = field(default_factory=dict)
    #: Those that are at most 5 % slower than the best one for sure; once the family is settled, than the best of it.
    good: frozenset[str] = frozenset()
    #: Simpler ones that seem to be at most 5 % slower than the leader, which is not sure in either way.
    doubted: frozenset[str] = frozenset()
    #: Those of which some look has shown that another one is more than 5 % faster for sure.
    outclassed: frozenset[str] = frozenset()
    #: How often it was looked at.
    looks: int = 0
    #: Visits that the last look has seen.
    _visits: int = 0

    def __post_init__(self) -> None:
        self.running = frozenset(self.families)

    @property
    def settled(self) -> bool:
        """Whether anything can be recommended for sure: further passes would add nothing to that."""
        return bool(self.good) and not self.doubted

    @property
    def equals(self) -> tuple[str, ...]:
        """The leader, what is not slower than it for sure, and what is at most 5 % slower; fastest first.

        Once the family is settled these are of the leader's family, or at most 5 % slower by themselves. Once all is
        settled, what dropped out without being 5 % slower for sure is among them: of two that are the same, one drops
        out as often as luck allows, and is not for that reason worse for any practical purpose.
        """
        rivals = self._own_family() if self.family_settled else self.running
        if self.settled:
            rivals |= self.families.keys() - self.running - self.outclassed
        others = [name for name in self.behind if name in rivals | self.doubted or name in self.good]
        return () if self.leader is None else (self.leader, *sorted(others, key=lambda name: self.behind[name].ratio))

    @property
    def family_settled(self) -> bool:
        """Whether no other family that still runs can be more than 5 % faster than the leader's."""
        return self.leader is not None and all(map(_close, self.families_behind.values()))

    @property
    def visits_missing(self) -> float:
        """Further visits of each that still runs until the next question is settled, if all goes on so; 0: all is.

        The first question is which family it is, the second which of its members.

        The half width of an interval falls with the root of the number of visits; it has to become as small as the
        leader is away from being 5 % slower. 1 while the leader has too few visits to say; infinite when the leader is
        further behind than that.
        """
        if self.settled or len(self.running) < 2:
            return 0.0
        rivals = (
            [self.behind.get(name) for name in self._own_family() - {self.leader}]
            if self.family_settled
            else list(self.families_behind.values())
        )
        missing = 1.0
        for ratio in rivals:
            if ratio is None or ratio.low is None or math.isnan(ratio.ratio):
                continue  # one more visit is going to tell
            margin = math.log(ratio.ratio * EQUAL_WITHIN)
            if margin <= 0:
                return math.inf
            half = math.log(ratio.ratio / ratio.low)
            missing = max(missing, ratio.pairs * ((half / margin) ** 2 - 1))
        return missing

    def enter(self, name: str, family: str) -> None:
        """Let one more contestant run."""
        self.families = {**self.families, name: family}
        self.running |= {name}
        self.good = frozenset()

    def ratios_to(self, reference: str, seconds_by_pass: Passes, priors: Priors) -> dict[str, Ratio]:
        """Seconds of the reference / seconds of each contestant, with intervals that hold together with 95 %."""
        if not seconds_by_pass.get(reference):
            return {}
        measured = {name: passes for name, passes in seconds_by_pass.items() if passes}
        each = 1 - ALPHA / max(1, len(measured) - 1)
        return {name: _compared(reference, name, measured, each, priors) for name in measured}

    def look(self, seconds_by_pass: Passes, passes: int, priors: Priors) -> None:
        """Take note of the seconds per round, by contestant and pass, after so many passes. Failed ones have no entry.

        `priors` say how the log seconds of visits scatter, by contestant.
        """
        measured = {name: seconds_by_pass[name] for name in self.families if seconds_by_pass.get(name)}
        self.running &= measured.keys()
        visits = sum(map(len, measured.values()))
        if not self.running or passes < PASSES_LEAST or visits == self._visits:
            return  # nothing new: not even a look
        self._visits = visits
        self.looks += 1
        spent = ALPHA / (self.looks * (self.looks + 1))
        confidence = _one_sided(spent / max(1, len(measured) - 1))
        leader = self._drop_and_lead(measured, confidence, priors)
        self.behind = {
            name: _compared(name, leader, measured, confidence, priors) for name in measured if name != leader
        }
        simpler = self._simpler()
        self.running |= simpler
        still = {name: self.behind[name].ratio for name in self.running - {leader}}
        others = len({self.families[name] for name in measured}) - 1
        self.families_behind = families_behind(
            leader, still, self.families, measured, _one_sided(spent / max(1, others)), priors
        )
        self.good = self._close_to(self.running, measured, confidence, priors)
        if not self.good and self.family_settled:
            own = self._own_family()
            self.good = self._close_to(own, measured, _one_sided(spent / max(1, len(own) - 1)), priors) & own
        best = min(map(self._place, self.good), default=0)
        self.doubted = frozenset(name for name in simpler if self._place(name) < best)

    def _drop_and_lead(self, measured: Passes, confidence: float, priors: Priors) -> str:
        """Drop what is worse than another one for sure, and choose the leader, which is returned."""
        ratios = {
            name: {other: _compared(name, other, measured, confidence, priors) for other in self.running - {name}}
            for name in self.running
        }
        beaten = {
            name
            for name, others in ratios.items()
            if any(ratio.low is not None and ratio.low > 1 for ratio in others.values())
        }
        self.outclassed |= {
            name
            for name in beaten
            if any(ratio.low is not None and ratio.low > EQUAL_WITHIN for ratio in ratios[name].values())
        }
        self.running = (self.running - beaten) or self.running
        behind = {name: _worst(ratios[name], self.running) for name in sorted(self.running)}
        near = [
            name for name, worst in behind.items() if len(measured[name]) > 1 and worst <= NEAR * min(behind.values())
        ]
        self.leader = min(near or behind, key=lambda name: behind[name])
        return self.leader

    def _simpler(self) -> frozenset[str]:
        """Those that are simpler than the leader, and seem to be at most 5 % slower."""
        return frozenset(
            name
            for name in self.behind.keys() - self.outclassed
            if self._place(name) < self._place(self.leader) and self.behind[name].ratio <= EQUAL_WITHIN
        )

    def _place(self, name: str | None) -> int:
        """Of the contestant's family among the simplest; the same for all where that does not count."""
        family = self.families.get(name or "", "")
        return self.simplest_first.index(family) if family in self.simplest_first else len(self.simplest_first)

    def _own_family(self) -> frozenset[str]:
        """Those of the leader's family that still run."""
        return frozenset(name for name in self.running if self.families[name] == self.families[self.leader or name])

    def _close_to(self, rivals: frozenset[str], measured: Passes, confidence: float, priors: Priors) -> frozenset[str]:
        """Those that are at most 5 % slower than each of these for sure, seen more than once."""
        return frozenset(
            name
            for name in measured
            if len(measured[name]) > 1
            and all(_close(_compared(other, name, measured, confidence, priors)) for other in rivals if other != name)
        )


def _one_sided(error: float) -> float:
    """The confidence of a two-sided interval whose lower bound alone is wrong with this probability."""
    return 1 - 2 * error


def _compared(slower: str, faster: str, measured: Passes, confidence: float, priors: Priors) -> Ratio:
    prior = prior_of_pair(priors.get(slower, NO_PRIOR), priors.get(faster, NO_PRIOR))
    return compare(measured[slower], measured[faster], confidence, prior)


def _close(ratio: Ratio | None) -> bool:
    """Whether the one above cannot be more than 5 % faster than the one below."""
    return ratio is not None and ratio.low is not None and ratio.low > 1 / EQUAL_WITHIN


def _worst(ratios: Mapping[str, Ratio], among: frozenset[str]) -> float:
    """How far a contestant is behind the one that is furthest ahead of it; those without common passes do not count."""
    known = [ratio.ratio for name, ratio in ratios.items() if name in among and not math.isnan(ratio.ratio)]
    return max([1.0, *known])
