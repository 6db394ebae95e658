"""What a resumed session has recorded already: repeated through the same code as what is measured now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parabench.errors import CellFailed, PlanDiffers
from parabench.history.journal_lines import apply
from parabench.measure.stay import Stay
from parabench.records import CellRecord


class Replay:
    """The visits and failures of a journal, to be asked for instead of measuring."""

    def __init__(self, lines: Iterable[dict[str, Any]]) -> None:
        self._visits: dict[tuple[str, int], dict[str, Any]] = {}
        #: Reason by cell.
        self.failures: dict[str, str] = {}
        self._last: dict[str, int] = {}  # pass of the last visit to a cell
        self._repeated: set[tuple[str, int]] = set()
        for line in lines:
            if "visit" in line:
                cell, number = line["cell"], line["visit"]["pass_number"]
                self._visits[cell, number] = line
                self._last[cell] = max(number, self._last.get(cell, number))
            elif "failure" in line:
                self.failures[line["cell"]] = line["failure"]

    @property
    def passes(self) -> int:
        """Passes of which anything is recorded."""
        return max(self._last.values(), default=-1) + 1

    @property
    def left(self) -> bool:
        """Whether any recorded visit has not been repeated yet."""
        return self._visits.keys() != self._repeated

    def seconds(self, cell: str, pass_number: int) -> float | None:
        """What a recorded visit took, nothing where the cell failed next; None where nothing is recorded."""
        if (line := self._visits.get((cell, pass_number))) is None:
            return 0.0 if self._has_failed(cell, pass_number) else None
        visit = line["visit"]
        warm_up = sum(visit.get("seconds_warm_up", ())) or visit["seconds_first_batch"]
        return float(visit["seconds_open"] + warm_up + sum(visit["seconds_per_round"]))

    def _has_failed(self, cell: str, pass_number: int) -> bool:
        return cell in self.failures and pass_number > self._last.get(cell, -1)

    def stay(self, record: CellRecord, pass_number: int, position: int) -> Stay | None:
        """The stay recorded for this visit, put into the record of its cell; None when there is none.

        Raises the failure that is recorded instead, or PlanDiffers when the order was another.
        """
        cell = record.cell
        line = self._visits.get((cell.id, pass_number))
        if line is None:
            if self._has_failed(cell.id, pass_number):
                raise CellFailed(self.failures[cell.id])
            return None
        if line["visit"]["position"] != position:
            raise PlanDiffers(["the order of the passes"])
        apply(line, record)
        self._repeated.add((cell.id, pass_number))
        return Stay.replayed(cell, record.visits[-1], line["tasks"])
