"""Visits that a session's journal has held, and those of them that no stored file has."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Made = set[tuple[str, int]]


@dataclass(slots=True)
class Recorded:
    """What has been in the journals of a folder at any time: a session that has stored all removes its own."""

    #: Cell and number of the pass of each visit.
    visits: Made = field(default_factory=set)
    #: Cells that failed: the format keeps the reason, and none of their visits.
    failed: set[str] = field(default_factory=set)

    def look(self, results: Path) -> int:
        """Take note of the whole lines that are there now. Returns how many visits have been seen so far."""
        for path in results.glob("*/.session-*.journal"):
            with contextlib.suppress(FileNotFoundError):
                for text in path.read_bytes().split(b"\n")[:-1]:
                    self._take(text)
        return len(self.visits)

    def _take(self, text: bytes) -> None:
        with contextlib.suppress(ValueError):
            line = json.loads(text)
            if "visit" in line:
                self.visits.add((line["cell"], line["visit"]["pass_number"]))
            elif "failure" in line:
                self.failed.add(line["cell"])

    def lost(self, session: Mapping[str, Any] | None) -> Made:
        """Visits that a stored session does not have; None: nothing is stored.

        Of a failed cell nothing is missed if the session names it, or if there was nothing else to store.
        """
        if session is None:
            return {visit for visit in self.visits if visit[0] not in self.failed}
        named = {entry["cell"] for entry in session["parabench"]["failed"]}
        kept = {visit for benchmark in session["benchmarks"] for visit in _visits_of(benchmark)}
        return {visit for visit in self.visits if visit not in kept and visit[0] not in named}


def _visits_of(benchmark: Mapping[str, Any]) -> Made:
    """The visits that a stored benchmark names, as far as their rounds are there, each once."""
    passes = benchmark["extra_info"]["passes"]
    rounds, many = len(benchmark["stats"]["data"]), Counter(visit["pass"] for visit in passes)
    made: Made = set()
    for visit in passes:
        rounds -= visit["rounds"]
        if rounds >= 0 and many[visit["pass"]] == 1:
            made.add((benchmark["param"], visit["pass"]))
    return made


def recovered(folder: Path) -> dict[str, Any] | None:
    """The session of this folder as it is stored after `parabench recover`; None if nothing is, or that failed."""
    command = [sys.executable, "-c", "from parabench.cli import main; main()", "recover"]
    failed = subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode
    stored = max(folder.glob("results/*/[0-9]*.json"), default=None)
    return None if failed or stored is None else json.loads(stored.read_text())
