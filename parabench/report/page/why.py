"""Why each model takes the time that it takes: the sentences of `explain`, beside the rows and on their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parabench.explain import facts
from parabench.explain.evidence import evidence_of as explained_of
from parabench.explain.explanation import Explanation, explain_session
from parabench.explain.thrift import WATTS, Thrift, thrift_of
from parabench.report.page.figures_in_words import contestant as contestant_text
from parabench.report.page.figures_in_words import listed
from parabench.report.page.machines import Machine
from parabench.report.page.workload_evidence import Contestant, Evidence
from parabench.report.quantities import seconds_text
from parabench.session.answers import Answer

#: What holds a cell, in a word or two.
CAUSE_NAMES = {
    facts.COMPUTING: "computing",
    facts.GIL: "the GIL",
    facts.CORES: "too few cores",
    facts.LOOP: "its one thread",
    facts.WAITING: "waiting, as alone",
    facts.SERVER: "a slower server",
    facts.LOCK: "a shared lock",
    facts.DISPATCH: "handing tasks out",
    facts.SERIALISATION: "pickling",
    facts.START_UP: "starting workers",
    facts.IMBALANCE: "uneven tasks",
    facts.MEMORY: "making memory ready",
    facts.UNCLEAR: "something unclear",
}

#: Parts of the reasons that a race gives for its answers, and the same in six words at most; the first that fits.
SHORT_REASONS = (
    ("one pass says nothing", "one pass says nothing about chance"),
    ("for sure, and ahead in it", "family for sure, member so far"),
    ("ahead so far", "ahead so far"),
    ("the simplest of those", "the simplest within 5 %"),
    ("not told from", "within 5 %, others as good"),
    ("than the best for sure", "within 5 % of the best"),
    ("faster than every other", "faster than all others for sure"),
)

#: Explanations by the file of their session and the id of their cell.
Explanations = Mapping[tuple[Path, str], Explanation]


#: What cells draw, by the same.
Drawn = Mapping[tuple[Path, str], Thrift]


def thrift_by_cell(machine: Machine) -> Drawn:
    """Joules of a thousand tasks of every cell: as the machine counted them, or estimated from CPU time and cores."""
    thrifts = {
        (details.session.path, cell.cell.text): thrift_of(cell, WATTS, None)
        for details in machine.details
        for cell in explained_of(details.session)
    }
    return {which: thrift for which, thrift in thrifts.items() if thrift is not None}


def explanations_of(machine: Machine) -> Explanations:
    """Of every cell of every session that is shown."""
    return {
        (details.session.path, why.cell): why for details in machine.details for why in explain_session(details.session)
    }


def why_of(contestant: Contestant | None, evidence: Evidence, explanations: Explanations) -> Explanation | None:
    """The explanation of a contestant, if there is one."""
    if contestant is None:
        return None
    return explanations.get((evidence.details.session.path, contestant.cell.text))


def briefly(explanation: Explanation | None, answer: Answer) -> dict[str, str | None]:
    """What limits a contestant in six words at most, and the whole sentence; else why it is recommended."""
    if explanation is None:
        short = (text for part, text in SHORT_REASONS if part in answer.reason)
        return {"text": next(short, "settled" if answer.settled else "ahead so far"), "title": f"{answer.reason}."}
    names = [CAUSE_NAMES.get(name, name) for name in explanation.causes[:1]]
    return {"text": f"limited by {listed(names)}", "title": f"{explanation.sentence}."}


def sentences_of(evidence: Evidence, explanations: Explanations) -> list[dict[str, Any]]:
    """The recommended contestant and the best one of each other family, fastest first, each with its sentence."""
    best: dict[str, Contestant] = {}
    recommended = evidence.recommended
    for contestant in [*([recommended] if recommended else []), *evidence.contestants]:
        best.setdefault(contestant.family, contestant)
    sentences = []
    for contestant in sorted(best.values(), key=lambda each: each.seconds):
        explanation = why_of(contestant, evidence, explanations)
        if explanation is not None:
            name = f"{contestant_text(contestant.cell)}, {seconds_text(contestant.seconds)}"
            sentences.append(
                {
                    "name": name,
                    "family": contestant.family,
                    "best": contestant is recommended,
                    "text": f"{explanation.sentence}.",
                }
            )
    return sentences


def parts_of(contestant: Contestant, evidence: Evidence, explanations: Explanations) -> list[tuple[str, float]] | None:
    """Seconds of a round by what they went into; None where nobody can tell."""
    explanation = why_of(contestant, evidence, explanations)
    if explanation is None:
        return None
    return [(name, seconds) for name, seconds in explanation.split.seconds_per_batch.items() if seconds > 0]
