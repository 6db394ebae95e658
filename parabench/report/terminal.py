"""The progress line and the closing table of a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from parabench.errors import listed, spelled
from parabench.records import CellRecord
from parabench.report.answers_table import answers_text
from parabench.report.foreign_text import for_terminal, one_line
from parabench.report.rendering import TABLE_WIDTH, render
from parabench.session.answers import Answer
from parabench.session.repetition import OTHER_PROGRAMS

#: Characters of the progress bar.
BAR = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """How many answers of a race are settled."""

    workloads: int
    settled: int
    #: Those that are settled for the family only.
    by_family: int

    def __str__(self) -> str:
        more = f", {self.by_family} by family" if self.by_family else ""
        return f"{self.settled} of {self.workloads} settled{more}"


def progress_line(
    share: float, seconds_left: float, standing: Standing | None, cell_id: str, seconds_running: float = 0.0
) -> str:
    """How far the session is: a bar, what it will take at most, how many answers are settled, and what runs now."""
    share = min(1.0, max(0.0, share))
    full = round(BAR * share)
    name = one_line(cell_id)
    settled_text = "" if standing is None else f", {standing}"
    running = f" ({seconds_running:.0f} s)" if seconds_running >= 1 else ""
    left = max(0.0, seconds_left)
    return f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}, {left:.0f} s left{settled_text}: {name}{running}"


def summary(
    answers: Sequence[Answer],
    records: Iterable[CellRecord],
    *,
    racing: bool = False,
    notes: Sequence[str],
    width: int,
    colour: bool,
) -> str:
    """The closing words of a session: what to use, what failed, what could not run, where it is stored."""
    records = list(records)
    parts: list[RenderableType] = []
    if answers:
        passes = max((len(record.visits) for record in records), default=0)
        parts.append(Text(_legend(answers, passes, racing=racing), style="dim"))
    if any(record.added_as_baseline for record in records):
        parts.append(
            Text("sequential was not asked for: it was added, because every speed-up is a ratio to it.", "dim")
        )
    parts.extend(_disturbed(records))
    parts.extend(_failures(records))
    parts.extend(_not_run(records))
    table = [Text("What to use", style="bold"), *answers_text(answers, width)] if answers else []
    return (
        render(table, width=TABLE_WIDTH, colour=colour)
        + render(parts, width=width, colour=colour)
        + "".join(f"{for_terminal(note)}\n" for note in notes)
    )


def _about(answers: Sequence[Answer]) -> str:
    """What the intervals of the speed-ups are about."""
    measured = [answer for answer in answers if answer.use.family != "baseline"]
    of_machine = [answer.workload for answer in measured if answer.about == "the machine"]
    if not of_machine:
        return "it is about this session, other sessions differ by more."
    if len(of_machine) == len(measured):
        return "it is about this machine: earlier sessions tell how much they differ, and from four on count as well."
    about_machine = f"it is about this machine for {', '.join(of_machine)}, of which earlier sessions tell"
    return f"{about_machine}, else about this session."


def _legend(answers: Sequence[Answer], passes: int, *, racing: bool) -> str:
    more = f"More passes, or a race (without {spelled('--passes')}), settle more"
    settles = f"A larger {spelled('--budget')} settles more" if racing else more
    return (
        f"Up to {passes} {'visit' if passes == 1 else 'visits'} a contestant, in random order. Speed-up: time of "
        f"sequential / time, with an interval that holds for all contestants together; {_about(answers)} Of limit: "
        "shortest possible time / time. Settled: at most 5 % slower than the best one for sure; as good: not 5 % "
        f"slower for sure. A family for sure: no other one is more than 5 % faster. {settles}."
    )


def _disturbed(records: Iterable[CellRecord]) -> list[RenderableType]:
    """Cells in which something else had a part, with what, and what became of it; other programs in one line."""
    by_cell: dict[str, dict[tuple[str, bool, bool], list[float]]] = {}
    for record in records:
        for visit in record.visits:
            for disturbance in visit.disturbed:
                name = "all cells together" if disturbance.cause == OTHER_PROGRAMS else record.cell.id
                untimed = disturbance.during == "untimed round"
                kind = (disturbance.cause, untimed, bool(disturbance.seconds_set_aside))
                by_cell.setdefault(name, {}).setdefault(kind, []).append(disturbance.count)
    lines = [
        Text(
            f"  {name}: "
            + "; ".join(
                _disturbance_text(cause, counts, untimed=untimed, set_aside=aside)
                for (cause, untimed, aside), counts in counts_by_kind.items()
            ),
            style="yellow",
        )
        for name, counts_by_kind in by_cell.items()
    ]
    return [Text("Disturbed:", style="bold yellow"), *lines] if lines else []


def _disturbance_text(cause: str, counts: Sequence[float], *, untimed: bool, set_aside: bool) -> str:
    most = f"up to {max(counts):.0%}" if cause == OTHER_PROGRAMS else f"{sum(counts):.0f}"
    times = f"{len(counts)} {'time' if len(counts) == 1 else 'times'}"
    where = ", in untimed rounds" if untimed else ""
    return f"{cause} ({most}), {times}{where}, {'set aside and repeated' if set_aside else 'and used'}"


def _failures(records: Iterable[CellRecord]) -> list[RenderableType]:
    """One line for each failure, by its first line, with the cells that share it."""
    cells: dict[str, list[str]] = {}
    for record in records:
        if record.failure is not None:
            reason = record.failure.splitlines()[0].removeprefix(f"cell {record.cell.id}: ")
            cells.setdefault(one_line(reason), []).append(record.cell.id)
    lines = [
        Text(f"  {listed(ids)}{f' ({len(ids)} cells)' if len(ids) > 1 else ''}: {reason}", style="red")
        for reason, ids in cells.items()
    ]
    return [Text("Failed, and kept out of every comparison:", style="bold red"), *lines] if lines else []


def _not_run(records: Iterable[CellRecord]) -> list[RenderableType]:
    """What could not run, one line per reason, with the models or workloads that share it."""
    by_reason: dict[tuple[str, str | None], dict[str, list[str]]] = {}
    for record in records:
        missing = record.cell.unavailable
        if missing is not None:
            models = by_reason.setdefault((missing.reason, missing.install), {})
            models.setdefault(record.cell.model, []).append(record.cell.workload)
    lines: list[RenderableType] = []
    for (reason, install), models in by_reason.items():
        cells = sum(map(len, models.values()))
        hint = f" -> {install}" if install else ""
        workloads = sorted({workload for names in models.values() for workload in names})
        who = ", ".join(models) if len(models) <= len(workloads) else ", ".join(workloads)
        lines.append(Text("  " + one_line(f"{who} ({cells} cells): {reason}{hint}")))
    return [Text("Could not run:", style="bold"), *lines] if lines else []
