"""Mutated stored sessions against the reader. The long form: `python tests/history/fuzz_reader.py 10000 --seed 1`.

Prints one line with its figure; exits with 1 if any file gave another error than HistoryUnreadable, gave a record that
contradicts itself, or hid the valid file beside it.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import math
import random
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from session_mutations import SAMPLES, mutate

from parabench.errors import HistoryUnreadable
from parabench.history.checked import SECONDS_LEAST, SECONDS_MOST
from parabench.history.fast import summary_of
from parabench.history.reader import StoredSession, read_folder, read_session
from parabench.history.summary import SessionSummary, summarise


def check_consistent(session: StoredSession) -> None:
    """Assert what every record promises, whatever file it was read from."""
    json.dumps(dataclasses.asdict(session), default=str, ensure_ascii=False).encode()
    for record in (session, *session.benchmarks):
        for field in dataclasses.fields(record):
            assert getattr(record, field.name) is not None or record.reasons[field.name], field.name
    for moment in (session.datetime, session.commit_time):
        assert moment is None or moment.astimezone(dt.UTC)
    assert all(part is not None or session.fingerprint["reasons"][key] for key, part in session.fingerprint.items())
    for benchmark in session.benchmarks:
        timed = [benchmark.median, benchmark.mean, benchmark.min, benchmark.max, benchmark.seconds_per_round]
        timed += [*(benchmark.seconds or ()), *(benchmark.seconds_by_pass or {}).values()]
        assert all(SECONDS_LEAST <= value <= SECONDS_MOST for value in timed if value is not None), benchmark
        assert benchmark.stddev is None or 0 <= benchmark.stddev <= SECONDS_MOST
        assert benchmark.seconds is None or len(benchmark.seconds) == benchmark.rounds
        assert all(math.isfinite(value) for value in benchmark.figures.values()), benchmark


def same(one: SessionSummary, other: SessionSummary) -> bool:
    """Whether two summaries are equal; an unknown number is NaN, which equals nothing."""

    def comparable(summary: SessionSummary) -> object:
        numbers = {"seconds": summary.seconds, **summary.figures}
        return {metric: [None if math.isnan(number) else number for number in n] for metric, n in numbers.items()}

    fields = [field.name for field in dataclasses.fields(one) if field.name not in ("seconds", "figures")]
    return comparable(one) == comparable(other) and all(getattr(one, f) == getattr(other, f) for f in fields)


def try_one(folder: Path, data: bytes, valid: StoredSession) -> str:
    """Read a file from a folder in which `valid` is stored, too; returns "read" or "refused"."""
    path = folder / "0001_mutated.json"
    path.write_bytes(data)
    sessions, unreadable = read_folder(folder.parent)
    assert valid in sessions, "the valid file was hidden"
    assert len(sessions) + len(unreadable) == 2, "a file was neither read nor refused"
    fast = summary_of(path, data, {})
    try:
        session = read_session(path)
        check_consistent(session)
    except HistoryUnreadable as error:
        said = str(error)
    else:
        assert fast is None or same(fast, summarise(session)), "the fast reader reads another summary"
        return "read"
    assert said.startswith(f"cannot read the stored session {path}: "), said
    assert said.encode().endswith((b"move the file away or restore it", b"--upgrade parabench")), said
    assert [said] == [str(other) for other in unreadable]
    return "refused"


def fuzz(number: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Try so many mutations; returns what became of them, and a traceback for each that went wrong."""
    counts: Counter[str] = Counter()
    wrong = []
    machine = folder / "machine"
    machine.mkdir()
    beside = machine / "0002_valid.json"
    beside.write_bytes(SAMPLES[0].read_bytes())
    valid = read_session(beside)
    for mutant in range(number):
        name, data = mutate(random.Random(f"{seed}-{mutant}"))
        try:
            counts[try_one(machine, data, valid)] += 1
        except Exception:
            counts["wrong"] += 1
            wrong.append(f"mutant {mutant} of seed {seed}, {name}:\n{traceback.format_exc()}")
    return counts, wrong


def figure(number: int, seed: int, counts: Counter[str], wrong: list[str]) -> str:
    """The outcome in one line."""
    verdict = "see above" if wrong else "valid neighbour always found"
    return (
        f"{number} mutated files: {counts['read']} read, {counts['refused']} refused with a message, "
        f"{len(wrong)} tracebacks, {verdict} (seed {seed})"
    )


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="?", type=int, default=10_000, help="files to try (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other files (default: 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = fuzz(options.number, options.seed, Path(folder))
    for text in wrong[:5]:
        print(text, file=sys.stderr)
    print(figure(options.number, options.seed, counts, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
