"""What the plugin prints: progress, failures, and the closing table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from parabench.analyse.across import Crossing, crossing
from parabench.analyse.ranking import Ratio
from parabench.analyse.steadiness import label_of
from parabench.errors import ParabenchError, spelled
from parabench.measure.lock import Holder
from parabench.plugin.failures import note
from parabench.plugin.measured_cell import CELL, REPORTS, SESSION, UNAVAILABLE
from parabench.plugin.progress import PROGRESS
from parabench.project import pasted
from parabench.records import CellRecord, Concern
from parabench.report.comparison_table import as_table
from parabench.report.crossings import crossings_table
from parabench.report.foreign_text import for_terminal, one_line
from parabench.report.terminal import summary
from parabench.session.session import Session

#: Attribute of reports that are about a cell.
OF_CELL = "parabench_of_cell"


def say_whom_for(config: pytest.Config, holder: Holder) -> None:
    """Tell the user why nothing happens yet."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        who = "another session" if holder.pid is None else f"process {holder.pid}"
        options = f"{spelled('--on-busy')} refuse or allow does not wait"
        terminal.write_line(one_line(f"parabench: waiting until {who} has measured ({options})"))


def say_concern(config: pytest.Config, concern: Concern) -> None:
    """Tell the user, before anything is measured, what would spoil the numbers."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f"parabench: {one_line(concern.check)}: {for_terminal(concern.message)}", yellow=True)


def report_once(item: pytest.Item, reports: list[pytest.TestReport]) -> None:
    """Report an item, the first time this is called for it."""
    item.stash[REPORTS] = []
    for report in reports:
        setattr(report, OF_CELL, True)
        item.ihook.pytest_runtest_logreport(report=report)
    note(item.config, item.stash[CELL].id, reports)
    terminal = item.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and item.config.option.verbose == 0 and any(report.failed for report in reports):
        if terminal.isatty:
            terminal.rewrite("", erase=True)
        terminal.write_line(f"FAILED {one_line(item.nodeid)}", red=True)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """A cell is counted, but prints no letter: progress lines, failure lines and the closing table speak for it."""
    if getattr(report, OF_CELL, False) and config.option.verbose <= 0:
        if report.when == "call" and report.passed:
            return "passed", "", ""
        if report.failed:
            return "failed" if report.when == "call" else "error", "", "FAILED"
    return None


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End with the table that answers the question."""
    ours = config.stash.get(SESSION, None)
    if reasons := config.stash.get(UNAVAILABLE, ()):
        terminalreporter.write_line("parabench: nothing was measured, for none of these models can run:", yellow=True)
        for reason in reasons:
            terminalreporter.write_line(f"  {one_line(reason)}")
    if ours is not None and ours.records:
        if terminalreporter.isatty:
            terminalreporter.rewrite("", erase=True)
        terminalreporter.ensure_newline()
        if PROGRESS in config.stash:
            config.stash[PROGRESS].end(complete=not ours.interrupted)
        notes = [*steadiness(ours.records.values())]
        if ours.stored:
            notes.append(f"Stored as {pasted(ours.stored)}")
            notes += _refreshed(ours)
        text = summary(
            ours.answers(),
            ours.records.values(),
            racing=ours.races is not None,
            notes=[*map(str, ours.broken_laws().values()), *notes, *ours.problems],
            width=max(terminalreporter._tw.fullwidth, 80),
            colour=terminalreporter.hasmarkup,
        )
        terminalreporter.write(text)
        terminalreporter.write(crossings_table(crossings_of(ours), colour=terminalreporter.hasmarkup))
        _tell_verdicts(terminalreporter, config, ours)


def _refreshed(ours: Session) -> list[str]:
    """Make the report anew and say where it is. A run of many sessions does that once, when all are there."""
    if ours.options.no_report or ours.run is not None:
        return []
    from parabench.report.page.refresh import refreshed

    return refreshed(ours.options.results, pasted)


def steadiness(records: Iterable[CellRecord]) -> list[str]:
    """What interpreters that compile as they run did before rounds were timed; nothing for others."""
    visits = [visit.seconds_warm_up for record in records for visit in record.visits if visit.seconds_warm_up]
    labels = Counter(map(label_of, visits))
    if not labels:
        return []
    shown = ", ".join(f"{number} {label}" for label, number in labels.most_common())
    return [f"Before timing, rounds ran until they were flat: {shown} ({len(visits)} visits; every round is stored)"]


def crossings_of(ours: Session) -> dict[str, dict[str, Crossing]]:
    """From which length of a task each model overtakes the sequential one, if workloads of several lengths ran."""
    ratios: dict[str, dict[float, Ratio]] = {}
    tasks = {record.cell.workload: record.tasks for record in ours.records.values() if record.cell.kind == "scaling"}
    for workload, ranking in ours.rankings().items():
        alone = ranking.seconds.get("sequential")
        if tasks.get(workload) and alone is not None:
            for model, ratio in ranking.speedups.items():
                if model != "sequential":
                    ratios.setdefault(model, {})[alone / tasks[workload]] = ratio
    return {model: {"this session": crossing(by_length)} for model, by_length in ratios.items()}


def _tell_verdicts(terminalreporter: Any, config: pytest.Config, ours: Session) -> None:
    """Under --benchmark-compare: did it change?"""
    from parabench.plugin.pytest_benchmark import compared

    try:
        comparison = compared(config, ours)
    except ParabenchError as error:
        terminalreporter.write_line(f"parabench: no verdicts: {for_terminal(str(error))}")
        return
    if comparison is not None:
        terminalreporter.write_line("\nDid it change, new / base; a change of 5 % or more counts", bold=True)
        width, colour = max(terminalreporter._tw.fullwidth, 80), terminalreporter.hasmarkup
        terminalreporter.write(as_table(comparison, width=width, colour=colour, everything=False))
