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
        for line in lines:
            if "visit" in line:
                self._visits[line["cell"], line["visit"]["pass_number"]] = line
            elif "failure" in line:
                self.failures[line["cell"]] = line["failure"]

    def stay(self, record: CellRecord, pass_number: int, position: int) -> Stay | None:
        """The stay recorded for this visit, put into the record of its cell; None when there is none.

        Raises the failure that is recorded instead, or PlanDiffers when the order was another.
        """
        cell = record.cell
        line = self._visits.get((cell.id, pass_number))
        if line is None:
            if cell.id in self.failures:
                raise CellFailed(self.failures[cell.id])
            return None
        if line["visit"]["position"] != position:
            raise PlanDiffers(["the order of the passes"])
        apply(line, record)
        return Stay.replayed(cell, record.visits[-1], line["tasks"])
