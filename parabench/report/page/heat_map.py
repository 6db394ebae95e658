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
    found: dict[str, str] = {}
    for evidence in machine.evidence.values():
        for one in evidence.contestants:
            found[one.cell.model] = one.family
    places = {family: place for place, family in enumerate(SIMPLEST_FIRST)}
    families: dict[str, list[str]] = {}
    for model in sorted(found, key=lambda name: (places.get(found[name], len(places)), found[name], name)):
        families.setdefault(found[model], []).append(model)
    return families


def _best_of_each_model(evidence: Evidence) -> dict[str, Contestant]:
    best: dict[str, Contestant] = {}
    recommended = evidence.recommended
    for one in evidence.contestants:  # fastest first
        best.setdefault(one.cell.model, one)
    if recommended is not None:  # it may be a simpler one than the fastest
        best[recommended.cell.model] = recommended
    return best


def _missing(evidence: Evidence, workload: str) -> Mapping[str, str]:
    session = evidence.details.session
    entries = [*(session.not_run or ()), *(session.failed or ())]
    return {one.cell.model: one.reason.strip().partition("\n")[0] for one in entries if one.cell.workload == workload}


def _cell(
    one: Contestant | None, model: str, evidence: Evidence, missing: str | None, reasons: dict[str, int]
) -> dict[str, Any]:
    if one is None:
        reason = missing or "not measured in this session"
        number = reasons.setdefault(reason, len(reasons) + 1)
        return {"model": model, "text": "-", "level": None, "reason": number, "title": reason}
    answer = evidence.answer
    ratio = 1.0 if model == BASELINE else one.speedup.ratio if one.speedup is not None else None
    marks = {"best": answer.use == one.choice, "equal": any(choice.model == model for choice in answer.equals)}
    shown = {"model": model, "detail": _detail(one), "slower": False, "reason": None, **marks}
    told = f"{one.cell.label}, {seconds_text(one.seconds)} a round"
    if ratio is None or not math.isfinite(ratio):
        return {
            **shown,
            "text": seconds_text(one.seconds),
            "level": None,
            "title": f"{told}; no sequential to compare with",
        }
    interval = one.speedup and model != BASELINE and one.speedup.low is not None and one.speedup.high is not None
    if interval and one.speedup is not None:
        told += (
            f"; speed-up {factor(one.speedup.ratio)} [{factor(one.speedup.low or 0)}, {factor(one.speedup.high or 0)}]"
        )
    if model == BASELINE:
        return {**shown, "text": seconds_text(one.seconds), "level": 0, "title": told}
    text, slower = (f"{factor(ratio)}x", False) if ratio >= 0.995 else (f"{factor(1 / ratio)}x", True)
    return {**shown, "text": text, "slower": slower, "level": level_of(ratio), "title": told}


def _detail(one: Contestant) -> str:
    if one.cell.model == BASELINE:
        return ""
    return f"x{one.cell.workers}" + ("" if one.cell.chunk == "1" else f" {one.cell.chunk}")
