"""The progress line and the closing table of a session, rendered to text by rich."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from parabench.analyse.race import Race
from parabench.analyse.ranking import Ranking, Ratio
from parabench.records import CellRecord
from parabench.report.foreign_text import for_terminal, one_line
from parabench.report.quantities import seconds_text
from parabench.session.repetition import OTHER_PROGRAMS
from parabench.workload import Limit

#: Ties of up to this many models name them all; larger ones are counted.
NAMED_IN_TIE = 2
#: An interval whose ends are further apart than this factor says nothing.
USELESS_WIDTH = 100
#: The closing table is as wide as it needs to be, whatever the terminal: cut names answer nothing.
TABLE_WIDTH = 200


def progress_line(done: int, left: int, pass_number: int, passes: int, cell_id: str) -> str:
    """Where the session is: the visit that begins, its pass (from 1), and how many visits are left after it."""
    return f"[{done}/{done + left}] pass {pass_number} of {passes}: {cell_id} ({left} left)"


def race_line(made: int, left: int, pass_number: int, races: Iterable[Race], cell_id: str) -> str:
    """The same for a session that goes on until its winners are settled: nobody knows how many visits that takes."""
    races = list(races)
    settled = sum(race.settled for race in races)
    return f"[{made}] pass {pass_number}: {cell_id} ({left} left in this pass, {settled} of {len(races)} races settled)"


def summary(
    rankings: Mapping[str, Ranking],
    records: Iterable[CellRecord],
    limits: Mapping[str, Limit],
    *,
    races: Mapping[str, Race] | None = None,
    notes: Sequence[str],
    width: int,
    colour: bool,
) -> str:
    """The closing words of a session: who wins, what failed, what could not run, where it is stored."""
    records = list(records)
    parts: list[RenderableType] = []
    if rankings:
        passes = max((len(record.visits) for record in records), default=0)
        parts.append(Text(_legend(passes, racing=races is not None), style="dim"))
    if any(record.added_as_baseline for record in records):
        parts.append(
            Text("sequential was not asked for: it was added, because every speed-up is a ratio to it.", "dim")
        )
    parts.extend(_disturbed(records))
    parts.extend(_failures(records))
    parts.extend(_not_run(records))
    table = [winners_table(rankings, records, limits, races or {})] if rankings else []
    return (
        render(table, width=TABLE_WIDTH, colour=colour)
        + render(parts, width=width, colour=colour)
        + "".join(f"{for_terminal(note)}\n" for note in notes)
    )


def render(parts: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """Rich renderables as text. A live display would fight pytest's capture, so everything is rendered first.

    All that is rendered passes here: text keeps no control character, and colours are those of the renderables.
    """
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        legacy_windows=False,
    )
    for part in parts:
        segments = (Segment(for_terminal(found.text), found.style) for found in console.render(part))
        console.print(Segments(segments), end="")
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def winners_table(
    rankings: Mapping[str, Ranking],
    records: Iterable[CellRecord],
    limits: Mapping[str, Limit],
    races: Mapping[str, Race],
) -> Table:
    """For each workload: the best model, its speed-up over sequential, the share of the ideal time, and how sure."""
    cells = {(record.cell.workload, record.label): record for record in records}
    table = Table(title="Who wins in this session", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("workload", no_wrap=True)
    table.add_column("best model", style="bold", no_wrap=True)
    table.add_column("workers", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("speed-up [95 %]", justify="right", no_wrap=True)
    table.add_column("of ideal", justify="right", no_wrap=True)
    table.add_column("how sure", no_wrap=True)
    for workload, ranking in rankings.items():
        record = cells[workload, ranking.best]
        table.add_row(
            workload,
            f"{ranking.best} (added)" if record.added_as_baseline else ranking.best,
            str(record.cell.workers),
            seconds_text(ranking.seconds[ranking.best]),
            "is sequential" if record.cell.model == "sequential" else ratio_text(ranking.speedups.get(ranking.best)),
            _share_text(record, limits),
            sure_text(ranking, races.get(workload)),
        )
    return table


def ratio_text(ratio: Ratio | None) -> str:
    """A ratio with its interval; a dash when there is none."""
    if ratio is None:
        return "-"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.ratio:.2f}x [unknown: 1 pass]"
    if ratio.high / ratio.low > USELESS_WIDTH:
        return f"{ratio.ratio:.2f}x [unknown: {ratio.pairs} passes]"
    return f"{ratio.ratio:.2f}x [{ratio.low:.2f}, {ratio.high:.2f}]"


def sure_text(ranking: Ranking, race: Race | None = None) -> str:
    """Whether the first place is one model's, or shared; and by how much it is ahead of the second one."""
    if len(ranking.seconds) == 1:
        return "only model measured"
    if race is not None and race.equals:
        return f"equal within 5 %: {_named(race.equals)}"
    if race is not None and race.confirmed is not None:
        ahead = f"wins: {race.rival} takes {ratio_text(race.confirmed)}"
        return f"{ahead} on {race.confirmed.pairs} fresh passes"
    if ranking.is_tie:
        return f"tie with {_named(ranking.leaders[1:])}"
    ahead = f"{ranking.runner_up} takes {ratio_text(ranking.margin)}"
    return f"wins: {ahead}" if race is None else f"ahead, not confirmed: {ahead}"


def _named(models: Sequence[str]) -> str:
    """A few models by name, more of them by their number."""
    return ", ".join(models) if len(models) <= NAMED_IN_TIE else f"{len(models)} others"


def _share_text(record: CellRecord, limits: Mapping[str, Limit]) -> str:
    limit = limits.get(record.cell.id)
    if limit is None or limit.seconds is None or not record.seconds:
        return "unknown"
    return f"{100 * limit.seconds / record.seconds:.0f} %"


def _legend(passes: int, *, racing: bool) -> str:
    more = (
        "a model drops out when it is slower for sure, and a winner is confirmed against its closest rival on passes "
        "that had no part in picking it; a larger --budget settles more"
        if racing
        else "more passes (--passes), or --budget, which visits only what is not settled, resolve more ties"
    )
    return (
        f"n = {passes} {'pass' if passes == 1 else 'passes'}, each in a new random order. time: median over the passes "
        "of one batch. speed-up: sequential / best, geometric mean over the passes with its interval, widened for the "
        "number of models compared; it is about this session, other sessions differ by more. of ideal: shortest "
        "possible time / time. wins: separates from every other model; "
        f"{more}."
    )


def _disturbed(records: Iterable[CellRecord]) -> list[RenderableType]:
    """Cells in which something else had a part, with what, and what became of it."""
    lines: list[RenderableType] = []
    for record in records:
        found: dict[tuple[str, bool], list[float]] = {}
        for visit in record.visits:
            for one in visit.disturbed:
                found.setdefault((one.cause, bool(one.seconds_set_aside)), []).append(one.count)
        told = [_disturbance_text(cause, counts, set_aside=aside) for (cause, aside), counts in found.items()]
        if told:
            lines.append(Text(f"  {record.cell.id}: {'; '.join(told)}", style="yellow"))
    return [Text("Disturbed:", style="bold yellow"), *lines] if lines else []


def _disturbance_text(cause: str, counts: Sequence[float], *, set_aside: bool) -> str:
    most = f"up to {max(counts):.0%}" if cause == OTHER_PROGRAMS else f"{sum(counts):.0f}"
    times = f"{len(counts)} {'time' if len(counts) == 1 else 'times'}"
    return f"{cause} ({most}), {times}, {'set aside and repeated' if set_aside else 'and used'}"


def _failures(records: Iterable[CellRecord]) -> list[RenderableType]:
    lines = [
        Text(f"  {record.cell.id}: {one_line(record.failure.splitlines()[0])}", style="red")
        for record in records
        if record.failure is not None
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
