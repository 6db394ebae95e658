"""The first screen: two sentences, a row for each workload, where it comes from, and what spoils it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from parabench.analyse.verdict import FASTER, SAME, SLOWER, CellVerdict
from parabench.compare.series import CellHistory
from parabench.report.answers_table import USELESS_WIDTH, share_text, sure_text, use_text
from parabench.report.page.best_interpreters import Best, Interpreters
from parabench.report.page.changes import Changes
from parabench.report.page.figures_in_words import FAMILY_NAMES, KIND_NAMES, contestant, factor, listed, speed, sureness
from parabench.report.page.machines import Machine
from parabench.report.page.why import Explanations, briefly, sentences_of, why_of
from parabench.report.page.workload_evidence import Evidence
from parabench.report.quantities import seconds_text
from parabench.report.series_text import change_text
from parabench.session.answers import Answer

#: Sparklines have so many points at most.
SPARK_MOST = 60
SPARK_WIDTH, SPARK_HEIGHT = 100.0, 24.0


def what_to_use(machine: Machine, title: str) -> str:
    """The first sentence: which family for which kind of work, and how many answers are settled."""
    families: dict[str, dict[str, None]] = {}
    for _, evidence in by_kind(machine):
        kind = KIND_NAMES.get(evidence.kind, evidence.kind)
        families.setdefault(kind, {})[FAMILY_NAMES.get(evidence.answer.use.family, evidence.answer.use.family)] = None
    kinds: dict[str, list[str]] = {}
    for kind, names in families.items():
        kinds.setdefault(listed(list(names), "or"), []).append(kind)
    recommendations = listed([f"{names} for {listed(of)}" for names, of in kinds.items()])
    answers = [evidence.answer for evidence in machine.evidence.values()]
    settled = sum(answer.settled for answer in answers)
    family = sum(answer.family_settled and not answer.settled for answer in answers)
    sure = (
        f"{settled} of {len(answers)} answers are settled"
        if settled != 1
        else f"1 of {len(answers)} answers is settled"
    )
    partly = f", {family} for the family only" if family else ""
    rest = "" if settled + family == len(answers) else "; the others are ahead so far"
    return f"On {title} use {recommendations}: {sure}{partly}{rest}."


def what_changed(changes: Changes) -> str:
    """The second sentence."""
    if changes.base is None:
        steps = sum(bool(history.series.changes) for history in changes.histories.values())
        history = f"; the history shows {steps} recommended cells with a change" if steps else ""
        return f"There is no earlier commit to compare with{history}."
    counts: dict[str, int] = {}
    for cell_verdict in changes.verdicts.values():
        counts[cell_verdict.verdict] = counts.get(cell_verdict.verdict, 0) + 1
    counts_text = listed([f"{number} {verdict}" for verdict, number in sorted(counts.items())]) or "no cell in common"
    sessions = f"{_sessions(changes.sessions_base)} before, {changes.sessions_new} now"
    return f"Since commit {changes.base[:10]}: {counts_text} ({sessions})."


def rows_of(
    machine: Machine, changes: Changes, interpreters: Interpreters, explanations: Explanations
) -> list[dict[str, Any]]:
    """A row for each workload, those of one kind together."""
    label = interpreters.labels[machine.id]
    return [
        _row(workload, evidence, changes, interpreters, label, explanations) for workload, evidence in by_kind(machine)
    ]


def _row(
    workload: str,
    evidence: Evidence,
    changes: Changes,
    interpreters: Interpreters,
    label: str,
    explanations: Explanations,
) -> dict[str, Any]:
    answer, recommended = evidence.answer, evidence.recommended
    cell = recommended.cell if recommended else None
    level, word = sureness(answer)
    return {
        "workload": workload,
        "kind_name": KIND_NAMES.get(evidence.kind, evidence.kind),
        "family": answer.use.family,
        "use": use_text(answer.use),
        "workers": "" if answer.use.family == "baseline" else str(answer.use.workers),
        "equals": [contestant(choice) for choice in answer.equals],
        "speedup": _speedup(answer),
        "share": "" if answer.share_of_limit is None else f"{share_text(answer)} of the limit",
        "equals_are": ("as good" if answer.settled else "maybe faster"),
        "sure": {"level": level, "word": word, "text": sure_text(answer)},
        "why": briefly(why_of(recommended, evidence, explanations), answer),
        "sentences": sentences_of(evidence, explanations),
        "basis": evidence.basis,
        "best": _best(interpreters.best.get(workload), label),
        "change": _change(changes.verdicts.get(cell) if cell else None, changes.base),
        "spark": _spark(changes.histories.get(cell) if cell else None),
    }


def about_of(machine: Machine) -> str:
    """What the intervals of the speed-ups are about."""
    answers = [evidence.answer for evidence in machine.evidence.values() if evidence.answer.use.family != "baseline"]
    of_machine = [answer.workload for answer in answers if answer.about == "the machine"]
    if not of_machine:
        return "Intervals are about one session; other sessions differ by more."
    if len(of_machine) == len(answers):
        return "Intervals are about this machine: several sessions tell how much they differ."
    return f"Intervals are about this machine for {listed(of_machine)}, else about one session."


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which add-9 comes before add-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def by_kind(machine: Machine) -> list[tuple[str, Evidence]]:
    """Workloads with what is known of them, those of one kind together."""
    kinds = list(KIND_NAMES)
    return sorted(
        machine.evidence.items(),
        key=lambda pair: (
            kinds.index(pair[1].kind) if pair[1].kind in kinds else len(kinds),
            _natural(pair[0]) if pair[1].kind == "scaling" else [],
        ),
    )


def _speedup(answer: Answer) -> dict[str, Any]:
    if answer.use.family == "baseline":
        return {"text": "1x", "interval": "is sequential"}
    if answer.speedup is None:
        return {"text": "-", "interval": "sequential was not measured"}
    if answer.low is None or answer.high is None or answer.high / answer.low > USELESS_WIDTH:
        return {"text": speed(answer.speedup), "interval": "[unknown]"}
    digits = f"[{factor(answer.low)}, {factor(answer.high)}]"
    return {"text": speed(answer.speedup), "interval": digits}


def _best(best: Best | None, label: str) -> dict[str, Any]:
    if best is None or best.among < 2:
        return {"text": "only one", "level": "none", "title": "no other interpreter was measured on this machine"}
    name = "this one" if best.interpreter == label else best.interpreter
    sure = "for sure" if best.sure else "so far"
    return {
        "text": f"{name} {sure}",
        "level": "sure" if best.sure else "open",
        "title": f"{best.contestant} on {best.interpreter}, {seconds_text(best.seconds)}; {best.among} interpreters",
    }


def _change(verdict: CellVerdict | None, base: str | None) -> dict[str, Any]:
    if verdict is None:
        return {"text": "first commit" if base is None else "not measured before", "level": "none", "title": None}
    if verdict.verdict in (SLOWER, FASTER) and verdict.ratio:
        ratio = verdict.ratio if verdict.verdict == SLOWER else 1 / verdict.ratio
        return {"text": f"{factor(ratio)}x {verdict.verdict}", "level": verdict.verdict, "title": verdict.reason}
    return {"text": verdict.verdict, "level": "same" if verdict.verdict == SAME else "none", "title": verdict.reason}


def _spark(history: CellHistory | None) -> dict[str, Any] | None:
    """The history of the recommended cell as points of a line, faster is lower; None with fewer than two sessions."""
    if history is None or len(history.points) < 2:
        return None
    amounts = [point.amount for point in history.points][-SPARK_MOST:]
    logs = [math.log(amount) for amount in amounts]
    low, high = min(logs), max(logs)
    span = max(high - low, 0.05)
    step = SPARK_WIDTH / (len(logs) - 1)
    middle = (high + low) / 2
    points = " ".join(
        f"{place * step:.1f},{SPARK_HEIGHT / 2 - (value - middle) / span * (SPARK_HEIGHT - 4):.1f}"
        for place, value in enumerate(logs)
    )
    last = history.series.changes[-1] if history.series.changes else None
    latest_change = change_text(history, last) if last else "no change found"
    ends = f"{seconds_text(min(amounts))} to {seconds_text(max(amounts))}"
    return {"points": points, "label": f"{len(amounts)} sessions, {ends}; {latest_change}"}


def titles_of(machine: Machine) -> tuple[str, list[str]]:
    """What the machine is called in a sentence, and the provenance of what is shown, part by part."""
    session = machine.latest.session
    known: Mapping[str, Any] = session.fingerprint
    implementation = known.get("python_implementation") or "Python"
    gil = {True: "with the GIL", False: "without the GIL"}.get(known.get("gil_enabled"), "GIL unknown")  # type: ignore[arg-type]
    jit = {True: "JIT on", False: "JIT off"}.get(known.get("jit_enabled"), "JIT unknown")  # type: ignore[arg-type]
    cores = known.get("cores_usable")
    version = known.get("python_implementation_version") or known.get("python_version") or ""
    title = f"{implementation} {version}".strip()
    title += " without the GIL" if known.get("gil_enabled") is False else ""
    title += f" with {cores} cores" if cores else ""
    commit = _commit(session.commit_id) + (" with uncommitted changes" if session.dirty else "")
    day = session.datetime.strftime("%Y-%m-%d %H:%M UTC") if session.datetime else "unknown date"
    parts = [
        commit,
        day,
        f"{known.get('cpu') or 'unknown CPU'}, {cores or '?'} cores, {known.get('system') or 'unknown system'}",
        f"{implementation} {version}, {gil}, {jit}",
        f"{_sessions(len(machine.sessions))} of this machine",
        f"{sum(benchmark.rounds or 0 for benchmark in session.benchmarks)} timed rounds in the last",
    ]
    return title, parts


def _commit(commit_id: str | None) -> str:
    """A commit as people know it; other words where the project has none."""
    is_one = commit_id is not None and re.fullmatch(r"[0-9a-f]{7,64}", commit_id) is not None
    return f"commit {commit_id[:10]}" if commit_id and is_one else "no commit"


def _sessions(number: int) -> str:
    return "1 session" if number == 1 else f"{number} sessions"


def changes_told(changes: Changes) -> list[dict[str, Any]]:
    """Significant rows: cells that got slower or faster since the commit before, then steps in the histories."""
    rows: list[dict[str, Any]] = []
    for cell, verdict in changes.significant:
        ratio = verdict.ratio or 1.0
        interval = (
            f" [{verdict.low:.2f}, {verdict.high:.2f}]" if verdict.low is not None and verdict.high is not None else ""
        )
        rows.append(
            {
                "cell": cell.text,
                "level": verdict.verdict,
                "text": f"{ratio:.2f}x the time{interval} since commit {(changes.base or '')[:10]}",
            }
        )
    for cell, history in changes.histories.items():
        rows += [
            {"cell": cell.text, "level": SLOWER if step.ratio > 1 else FASTER, "text": change_text(history, step)}
            for step in history.series.changes
        ]
    return rows
