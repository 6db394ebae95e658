"""Workload x model as a table: a number in every cell, a colour for how far it is from the plain loop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from parabench.analyse.ranking import BASELINE
from parabench.report.page.figures_in_words import factor
from parabench.report.page.machines import Machine
from parabench.report.page.screen import by_kind
from parabench.report.page.workload_evidence import Contestant, Evidence
from parabench.report.quantities import seconds_text
from parabench.session.answers import SIMPLEST_FIRST

#: Ends of the levels 0 to 5 on the way from 1x, as factors; beyond the last one is level 6.
LEVELS = (1.05, 1.25, 1.6, 2.5, 5.0, 20.0)


def level_of(ratio: float) -> int:
    """From -6, much slower than the plain loop, over 0, the same within 5 %, to 6, much faster."""
    away = max(ratio, 1 / ratio)
    level = sum(away > end for end in LEVELS)
    return level if ratio > 1 else -level


def heat_map_of(machine: Machine) -> dict[str, Any]:
    """The table: models by family, a row for each workload, and the reasons of cells without a number."""
    families = _families(machine)
    reasons: dict[str, int] = {}
    rows = []
    for workload, evidence in by_kind(machine):
        best = _best_of_each_model(evidence)
        missing = _missing(evidence, workload)
        cells = [
            _cell(best.get(model), model, evidence, missing.get(model), reasons)
            for models in families.values()
            for model in models
        ]
        rows.append({"workload": workload, "kind": evidence.kind, "cells": cells})
    return {
        "families": [{"name": family, "models": models} for family, models in families.items()],
        "rows": rows,
        "reasons": list(reasons),
    }


def _families(machine: Machine) -> dict[str, list[str]]:
    """Models by family, the simplest family first; models that ran nowhere are not among them."""
    family_by_model: dict[str, str] = {}
    for evidence in machine.evidence.values():
        for contestant in evidence.contestants:
            family_by_model[contestant.cell.model] = contestant.family
    places = {family: place for place, family in enumerate(SIMPLEST_FIRST)}
    families: dict[str, list[str]] = {}
    for model in sorted(
        family_by_model, key=lambda name: (places.get(family_by_model[name], len(places)), family_by_model[name], name)
    ):
        families.setdefault(family_by_model[model], []).append(model)
    return families


def _best_of_each_model(evidence: Evidence) -> dict[str, Contestant]:
    best: dict[str, Contestant] = {}
    recommended = evidence.recommended
    for contestant in evidence.contestants:  # fastest first
        best.setdefault(contestant.cell.model, contestant)
    if recommended is not None:  # it may be a simpler one than the fastest
        best[recommended.cell.model] = recommended
    return best


def _missing(evidence: Evidence, workload: str) -> Mapping[str, str]:
    session = evidence.details.session
    entries = [*(session.not_run or ()), *(session.failed or ())]
    return {
        entry.cell.model: entry.reason.strip().partition("\n")[0]
        for entry in entries
        if entry.cell.workload == workload
    }


def _cell(
    contestant: Contestant | None, model: str, evidence: Evidence, missing: str | None, reasons: dict[str, int]
) -> dict[str, Any]:
    if contestant is None:
        reason = missing or "not measured in this session"
        number = reasons.setdefault(reason, len(reasons) + 1)
        return {"model": model, "text": "-", "level": None, "reason": number, "title": reason}
    answer = evidence.answer
    ratio = 1.0 if model == BASELINE else contestant.speedup.ratio if contestant.speedup is not None else None
    marks = {"best": answer.use == contestant.choice, "equal": any(choice.model == model for choice in answer.equals)}
    shown = {"model": model, "detail": _detail(contestant), "slower": False, "reason": None, **marks}
    title = f"{contestant.cell.label}, {seconds_text(contestant.seconds)} a round"
    if ratio is None or not math.isfinite(ratio):
        return {
            **shown,
            "text": seconds_text(contestant.seconds),
            "level": None,
            "title": f"{title}; no sequential to compare with",
        }
    interval = (
        contestant.speedup
        and model != BASELINE
        and contestant.speedup.low is not None
        and contestant.speedup.high is not None
    )
    if interval and contestant.speedup is not None:
        title += (
            f"; speed-up {factor(contestant.speedup.ratio)} "
            f"[{factor(contestant.speedup.low or 0)}, {factor(contestant.speedup.high or 0)}]"
        )
    if model == BASELINE:
        return {**shown, "text": seconds_text(contestant.seconds), "level": 0, "title": title}
    text, slower = (f"{factor(ratio)}x", False) if ratio >= 0.995 else (f"{factor(1 / ratio)}x", True)
    return {**shown, "text": text, "slower": slower, "level": level_of(ratio), "title": title}


def _detail(contestant: Contestant) -> str:
    if contestant.cell.model == BASELINE:
        return ""
    return f"x{contestant.cell.workers}" + ("" if contestant.cell.chunk == "1" else f" {contestant.cell.chunk}")
