"""Why each cell of a stored session takes the time that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from parabench.explain.break_even import break_even_seconds
from parabench.explain.cause_rules import causes_of
from parabench.explain.cures import Prediction, predict
from parabench.explain.evidence import Evidence, evidence_of
from parabench.explain.facts import Facts
from parabench.explain.sentences import sentence_of
from parabench.explain.split import Split, split_of
from parabench.history.stored import StoredSession

NOT_STORED = "the session was stored by a version that did not look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What holds one cell."""

    #: Id of the cell.
    cell: str
    workload: str
    model: str
    family: str
    #: Timed: the session's one number, per round.
    seconds: float
    #: Names of `facts.CAUSES`, main first, two at most.
    causes: tuple[str, ...]
    #: Share of the batch's time by cause, from 0 to 1.
    share: Mapping[str, float]
    #: What holds it and what would help; no full stop.
    sentence: str
    split: Split
    #: What would be gained without the main cause; None where nobody can tell.
    predicted: Prediction | None
    #: From which length on tasks that compute pay for the model, in seconds; None: never, or nobody can tell.
    break_even_seconds: float | None
    #: Whose code burned the CPU, as shares from 0 to 1, most first; None with the reason beside it.
    cpu_packages: Mapping[str, float] | None = None
    cpu_packages_reason: str | None = NOT_STORED
    #: Who awaits whom; None with the reason beside it.
    await_chain: str | None = None
    await_chain_reason: str | None = NOT_STORED

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            **asdict(self),
            "causes": list(self.causes),
            "split": {**asdict(self.split), "closes": self.split.closes},
        }


def explain_session(session: StoredSession) -> list[Explanation]:
    """The explanation of every cell of the session that has a time, in the order of the file."""
    evidences = evidence_of(session)
    return [explain(evidence, _same_work(evidence, evidences)) for evidence in evidences]


def explain(evidence: Evidence, same_work: list[Evidence]) -> Explanation:
    """The explanation of one cell, given those of the same work."""
    split = split_of(evidence)
    facts = Facts(evidence, split)
    causes = causes_of(facts)
    prediction = predict(causes[0].name, facts, same_work)
    return Explanation(
        cell=evidence.cell.text,
        workload=evidence.cell.workload,
        model=evidence.cell.model,
        family=evidence.family,
        seconds=evidence.seconds,
        causes=tuple(cause.name for cause in causes),
        share={cause.name: cause.share for cause in causes},
        sentence=sentence_of(causes, evidence, prediction),
        split=split,
        predicted=prediction,
        break_even_seconds=break_even_seconds(facts),
        **_looked_at(evidence),
    )


def _looked_at(evidence: Evidence) -> dict[str, Any]:
    """What the sampled round showed, with the reasons for what it did not."""
    packages = evidence.tables.get("cpu_packages") or None
    ordered = dict(sorted(packages.items(), key=lambda package: -package[1])) if packages else None
    chain, reasons = evidence.await_chain, evidence.reasons
    return {
        "cpu_packages": ordered,
        "cpu_packages_reason": None if ordered else reasons.get("cpu_packages_reason", NOT_STORED),
        "await_chain": chain,
        "await_chain_reason": None if chain else reasons.get("await_chain_reason", NOT_STORED),
    }


def _same_work(evidence: Evidence, evidences: list[Evidence]) -> list[Evidence]:
    work = (evidence.cell.workload, evidence.cell.size)
    return [other for other in evidences if (other.cell.workload, other.cell.size) == work]
