"""Mutated journals against what reads them. The long form: `python tests/history/fuzz_journal.py 10000 --seed 1`.

Prints one line with its figure; exits with 1 if any journal gave a traceback, or if a line that was not touched and
whose plan is known is neither in the stored session nor in a journal that can be gone on with.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import traceback
from pathlib import Path

from session_mutations import ODD, RAW

from parabench.errors import InvalidWorkload
from parabench.history.journal_lines import visit_line
from parabench.history.reader import read_session
from parabench.history.recovery import recover, set_aside
from parabench.history.session_journal import Damaged, begin, left_behind
from parabench.machine.fingerprint import take_fingerprint
from parabench.models import find_models
from parabench.records import Cell, CellRecord, Instrumented, SampledRound, Serialisation, Trace, Visit

WORKLOAD = {"client": None, "libraries": []}
MODEL = {"family": "threads", "start_method": None, "event_loop": None, "libraries": [], "address": None}
SENT = Serialisation(
    serialiser="pickle",
    bytes_items=1,
    bytes_values=2,
    seconds_dump_items=0.1,
    seconds_load_items=0.2,
    seconds_dump_values=0.3,
    seconds_load_values=0.4,
)


def valid(folder: Path) -> list[bytes]:
    """The lines of a journal as a session of two cells and three passes would write it."""
    records = [
        CellRecord(Cell(workload="mine", model=model, kind="custom", workers=2, size="small"), tasks=2)
        for model in ("sequential", "thread-pool")
    ]
    cells = [{**_fields(record.cell), "id": record.cell.id, "item": f"t.py::t[{record.cell.id}]"} for record in records]
    header = {"options": {"seed": 1}, "cells": cells, "sources": {"mine": "abc"}, "libraries": {}}
    header |= {"fingerprint": take_fingerprint(), "commit": {"id": "abc"}, "noisy": False, "tags": [], "run": None}
    header |= {"workloads": {"mine": WORKLOAD}, "models": {r.cell.model: MODEL for r in records}}
    written = begin(folder, json.loads(json.dumps(header)))
    trace = Trace(1.0, 1.5, 0.1, "w", "h")
    for number in range(3):
        for place, record in enumerate(records):
            instrumented = Instrumented(
                bytes_peak=1,
                bytes_before=1,
                samples=1,
                reason=None,
                traces=(trace, trace),
                seconds_started=1.0,
                host="h",
                wait_sites={"gil": 3, "running": 4},
                perf_counters={"migrations": 2},
                serialisation=SENT if place else None,
                sampled=SampledRound(cpu_packages={"json": 3}, cpu_packages_reason=None) if place else None,
            )
            line = visit_line(record, _visit(number, place), None if number else instrumented, float(number))
            written.append(line)
    written.close()
    lines = written.path.read_bytes().splitlines(keepends=True)
    written.path.unlink()
    return lines


def _fields(cell: Cell) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(cell)


def _visit(number: int, place: int) -> Visit:
    used = dict.fromkeys(("seconds_cpu", "seconds_cpu_user", "seconds_cpu_system"), 0.1)
    used |= dict.fromkeys(("context_switches_voluntary", "context_switches_involuntary"), 1.0)
    return Visit(
        pass_number=number,
        position=place,
        seconds_open=0.1,
        seconds_first_batch=0.1,
        seconds_per_round=(0.1 + number + place / 8,),
        processes=1,
        threads=1,
        bytes_read=None,
        bytes_written=None,
        gil_enabled_at_start=True,
        gil_enabled_at_end=True,
        blind=None,
        **used,
    )


def mutated(lines: list[bytes], source: random.Random) -> tuple[bytes, list[bytes]]:
    """A journal with some fault, and the lines that the fault has left alone."""
    return source.choice(FAULTS)(list(lines), source.randrange(len(lines)), source)


def _value(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    """Still JSON: one value is another one, or is gone."""
    content = spot = json.loads(lines[place])
    while True:
        key = source.choice(list(spot) if isinstance(spot, dict) else range(len(spot)))
        if isinstance(spot[key], dict | list) and spot[key] and source.random() < 0.6:
            spot = spot[key]
            continue
        spot[key] = source.choice(ODD)
        if source.random() < 0.2 and isinstance(spot, dict):
            del spot[key]
        break
    text = json.dumps(content)
    for stands_for, raw in RAW.items():
        text = text.replace(json.dumps(stands_for), raw)
    return _without(lines, place, text.encode() + b"\n")


def _bytes(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    raw = bytearray(lines[place][:-1])
    for _ in range(source.randint(1, 8)):
        raw[source.randrange(len(raw))] = source.choice([b for b in range(256) if b != ord("\n")])
    return _without(lines, place, bytes(raw) + b"\n")


def _dropped(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    return _without(lines, place, b"")


def _without(lines: list[bytes], place: int, instead: bytes) -> tuple[bytes, list[bytes]]:
    return b"".join([*lines[:place], instead, *lines[place + 1 :]]), [*lines[:place], *lines[place + 1 :]]


def _doubled(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    return b"".join([*lines[:place], lines[place], *lines[place:]]), lines


def _swapped(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    other = source.randrange(len(lines))
    lines[place], lines[other] = lines[other], lines[place]
    return b"".join(lines), lines


def _cut(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    data = b"".join(lines)[: source.randrange(sum(map(len, lines)))]
    return data, lines[: data.count(b"\n")]


def _zeros(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    """A block that never reached the disk."""
    data = b"".join(lines)
    start = source.randrange(len(data))
    end = min(len(data), start + source.choice([16, 512, 4096]))
    data = data[:start] + b"\0" * (end - start) + data[end:]
    # Two lines of which the end of the first one is gone are one line, and none that was written.
    return data, [line for line in lines if line.rstrip(b"\n") in data.replace(b"\0", b"\n").split(b"\n")]


def _empty(lines: list[bytes], place: int, source: random.Random) -> tuple[bytes, list[bytes]]:
    return b"", []


FAULTS = [_value, _value, _value, _bytes, _dropped, _doubled, _swapped, _cut, _zeros, _empty]


def try_one(folder: Path, data: bytes, left_alone: list[bytes]) -> tuple[str, int]:
    """Do with a journal all that is done with journals: what became of it, and how many of its good lines were lost."""
    path = folder / ".session-x.journal"
    path.write_bytes(data)
    whole, damaged = left_behind(folder)
    (one,) = [*whole, *damaged]
    assert one.description
    good = one.good if isinstance(one, Damaged) else one
    visits = {
        (line["cell"], line["visit"]["pass_number"]): line for line in map(json.loads, left_alone) if "visit" in line
    }
    if good is None:
        aside = set_aside(path)
        lost = 0 if aside.read_bytes() == data else len(visits)
        if any("journal" in json.loads(line) for line in left_alone):
            lost += len(visits)  # its plan was there
        aside.unlink()
        return "set aside", lost
    planned = {cell["id"] for cell in good.entries.header["cells"]}
    visits = {key: line for key, line in visits.items() if key[0] in planned}
    try:
        stored, _ = recover(good, {}, find_models(), folder)
    except InvalidWorkload:
        return "refused", 0
    kept: dict[str, list[float]] = {}
    if stored is not None:
        session = read_session(stored)
        kept = {b.fullname: list(b.seconds or ()) for b in session.benchmarks}
        stored.unlink()
    rounds = [seconds for each in kept.values() for seconds in each]
    failed = {line["cell"] for line in good.entries.lines if "failure" in line}
    lost = sum(
        v["visit"]["seconds_per_round"][0] not in rounds for (cell, _), v in visits.items() if cell not in failed
    )
    if isinstance(one, Damaged):
        set_aside(path).unlink()
        return "salvaged", lost
    path.unlink()
    return "stored", lost


def fuzz(mutants: int, seed: int) -> tuple[dict[str, int], int, int]:
    """How often each end came, valid lines lost, tracebacks."""
    source = random.Random(seed)
    ends: dict[str, int] = {}
    lost = tracebacks = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = valid(folder)
        for number in range(mutants):
            data, left_alone = mutated(lines, source)
            try:
                end, missing = try_one(folder, data, left_alone)
            except Exception:
                traceback.print_exc()
                print(f"mutant {number}", file=sys.stderr)
                tracebacks += 1
                for path in [*folder.glob(".session*"), *folder.glob("*.json"), *folder.glob("*.damaged*")]:
                    path.unlink()
                continue
            if missing:
                print(f"mutant {number}: {end}, {missing} valid lines lost", file=sys.stderr)
            ends[end] = ends.get(end, 0) + 1
            lost += missing
    return ends, lost, tracebacks


def main() -> int:
    """Run the fuzzer and print its figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mutants", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ends, lost, tracebacks = fuzz(arguments.mutants, arguments.seed)
    told = ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))
    print(
        f"{arguments.mutants} mutants: {told}; {tracebacks} tracebacks, {lost} valid lines lost (seed {arguments.seed})"
    )
    return 1 if lost or tracebacks else 0


if __name__ == "__main__":
    sys.exit(main())
