"""The one data object behind every form of the report, built from stored sessions; JSON values only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parabench.analyse.verdict import THRESHOLD
from parabench.errors import NothingToReport
from parabench.history.sessions import Summaries, read_summaries
from parabench.report.foreign_text import one_line
from parabench.report.page.banner import banners_of
from parabench.report.page.best_interpreters import Interpreters, interpreters_of, same_computer
from parabench.report.page.changes import changes_of
from parabench.report.page.heat_map import heat_map_of
from parabench.report.page.machines import Machine, machines_of
from parabench.report.page.pictures import pictures_of
from parabench.report.page.screen import about_of, changes_told, rows_of, titles_of, what_changed, what_to_use
from parabench.report.page.why import explanations_of

#: Fingerprints that get a panel of their own; the newest ones.
MACHINES_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page or a file shows."""

    #: What is shown as text and tables: made of dicts, lists, text and numbers; every text has passed the sanitiser.
    data: dict[str, Any]
    #: What is drawn, of each panel in their order; made of the same.
    pictures: list[dict[str, Any]]


def report_of(results: Path, now: dt.datetime | None = None, threshold: float = THRESHOLD) -> Report:
    """The report on a results folder; smaller changes than the threshold are no changes.

    Raises NothingToReport if there is no session of parabench in it.
    """
    summaries: Summaries = read_summaries(results)
    machines = machines_of(summaries.sessions)[:MACHINES_MOST]
    if not machines:
        raise NothingToReport(results, [str(problem) for problem in summaries.problems])
    panels, pictures = zip(*(_panel(machine, machines, threshold) for machine in machines), strict=True)
    moment = now or dt.datetime.now(dt.UTC)
    data = {
        "made": moment.strftime("%Y-%m-%d %H:%M UTC"),
        "problems": [str(problem) for problem in summaries.problems],
        "panels": panels,
    }
    return Report(data=harmless(data), pictures=harmless(pictures))


def harmless(value: Any) -> Any:
    """The same value with every text shown as itself or as its escape: names are foreign, whoever wrote them."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {one_line(str(key)): harmless(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [harmless(entry) for entry in value]
    return value


def _panel(machine: Machine, machines: Sequence[Machine], threshold: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything about one fingerprint: what is told, and what is drawn."""
    changes = changes_of(machine, threshold)
    interpreters: Interpreters = interpreters_of(same_computer(machine, machines))
    explanations = explanations_of(machine)
    title, provenance = titles_of(machine)
    panel = {
        "id": machine.id,
        "label": interpreters.labels[machine.id],
        "title": title,
        "sentences": [what_to_use(machine, title), what_changed(changes)],
        "provenance": provenance,
        "about": about_of(machine),
        "banners": banners_of(machine, changes, threshold),
        "rows": rows_of(machine, changes, interpreters, explanations),
        "changes": changes_told(changes),
        "heat": heat_map_of(machine),
    }
    return panel, pictures_of(machine, changes, interpreters, explanations)
