"""What cells draw, as people read it: an estimate never looks like a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parabench.explain.evidence import Evidence
from parabench.explain.thrift import GRID_SOURCE, GRID_YEAR, TASKS, Thrift, thriftiest


def thrift_text(cells: Sequence[tuple[Evidence, Thrift]], *, watts: str, grid: str | None) -> str:
    """A line for each cell, least joules first, and where the fastest one is not the thriftiest."""
    lines = [f"Energy of {TASKS:,} tasks; estimates are from {watts}"]
    if grid is not None:
        lines[0] += f", grams of CO2e from the grid of {grid}"
        if any(letter.isalpha() for letter in grid):
            lines[0] += f" in {GRID_YEAR} ({GRID_SOURCE})"
    by_work: Mapping[str, list[tuple[Evidence, Thrift]]] = {evidence.cell.workload: [] for evidence, _ in cells}
    for cell in cells:
        by_work[cell[0].cell.workload].append(cell)
    for workload, of_work in by_work.items():
        lines += ["", workload]
        for evidence, thrift in sorted(of_work, key=lambda cell: cell[1].joules):
            how = "measured, whole machine" if thrift.measured else "estimated"
            grams = "" if thrift.grams is None else f", {thrift.grams:.2g} g CO2e"
            lines.append(f"  {evidence.cell.label}: {thrift.joules:.3g} J {how}{grams}")
        fast, thrifty = thriftiest(of_work)
        if fast.cell != thrifty.cell:
            lines.append(f"  fastest is {fast.cell.label}, thriftiest {thrifty.cell.label}")
    return "\n".join(lines)
