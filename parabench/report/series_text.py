"""The history of cells as text: levels, when they changed, and between which commits."""

from __future__ import annotations

from typing import Any

from parabench.analyse.change_points import Change
from parabench.compare.series import CellHistory
from parabench.report.foreign_text import one_line
from parabench.report.quantities import UNITS, amount_text
from parabench.report.sparkline import sparkline

WIDTH = 40


def line(history: CellHistory, *, encoding: str | None) -> str:
    """A history in one line: sessions, sparkline, level now, and since when."""
    drawn = sparkline([point.amount for point in history.points], width=WIDTH, encoding=encoding)
    current = history.series.segments[-1]
    since = change_text(history, history.series.changes[-1]) if history.series.changes else "no change found"
    level = amount_text(history.metric, current.seconds)
    return f"{one_line(history.cell)}  {drawn}  {level}  n = {len(history.points)}  {since}"


def details(history: CellHistory, *, encoding: str | None) -> str:
    """A history in full: every level and every change."""
    drawn = sparkline([point.amount for point in history.points], width=2 * WIDTH, encoding=encoding)
    lines = [one_line(f"{history.cell} on {history.machine_id}"), f"  {drawn}"]
    for number, segment in enumerate(history.series.segments):
        if number:
            lines.append(f"  {change_text(history, history.series.changes[number - 1])}")
        first, last = history.points[segment.first], history.points[segment.last]
        low, middle, high = (
            amount_text(history.metric, end or segment.seconds) for end in (segment.low, segment.seconds, segment.high)
        )
        level = middle if segment.low is None else f"{middle} [{low}, {high}]"
        if segment.sessions == 1:
            lines.append("    " + one_line(f"{level}, 1 session, {first.told}"))
        else:
            lines.append(
                f"    {level}, {segment.sessions} sessions from {one_line(first.told)} to {one_line(last.told)}"
            )
    if history.others:
        lines.append(f"  {history.others} earlier sessions measured another source of the workload, or other libraries")
    return "\n".join(lines)


def change_text(history: CellHistory, change: Change) -> str:
    """A change in words, with the commits between which it came."""
    before, after = history.points[change.place - 1], history.points[change.place]
    factor, low, high = change.ratio, change.low, change.high
    kind = "slower"
    if change.ratio < 1:
        factor, low, high, kind = 1 / factor, 1 / high, 1 / low, "faster"
    where = one_line(f"between {before.told} and {after.told}")
    if before.commit and before.commit == after.commit:
        where = f"at the same commit, {where}"
    return f"{factor:.2f}x {kind} [{low:.2f}, {high:.2f}] {where}"


def as_json(history: CellHistory) -> dict[str, Any]:
    """A history as an object."""
    points, unit = history.points, UNITS[history.metric]
    return {
        "cell": history.cell,
        "machine_id": history.machine_id,
        "metric": history.metric,
        "sessions": [
            {
                "number": point.number,
                "commit": point.commit,
                "datetime": point.moment.isoformat() if point.moment else None,
                unit: point.amount,
            }
            for point in points
        ],
        "segments": [
            {"first": s.first, "last": s.last, unit: s.seconds, "low": s.low, "high": s.high}
            for s in history.series.segments
        ],
        "changes": [
            {
                "ratio": change.ratio,
                "low": change.low,
                "high": change.high,
                "p": change.p,
                "after_commit": points[change.place - 1].commit,
                "at_commit": points[change.place].commit,
                "place": change.place,
            }
            for change in history.series.changes
        ],
        "other_sessions": history.others,
    }
