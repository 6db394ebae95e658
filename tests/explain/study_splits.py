"""Do the parts of a cell's split add up, and does a model pay from the length of tasks that is told?

    python tests/explain/study_splits.py --sessions 5

Every local model that is installed runs computing, native, network and short work. The first table has the part of the
batch that is unexplained, the median over the sessions. The second has the break-even lengths that `explain` tells
beside those at which the models are seen to overtake the loop. A session takes about three minutes.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from parabench.explain.explanation import explain_session  # noqa: E402
from parabench.history.reader import read_session  # noqa: E402
from parabench.models import find_models  # noqa: E402
from parabench.report.quantities import seconds_text  # noqa: E402
from tests.explain.study_causes import measured  # noqa: E402

#: Tasks of 6 ms, 1 ms, some ms of waiting, and 0.5 ms, on a machine of 2026.
WORK = ("count-primes", "hash-buffers", "github-loopback-requests", "add-10000")
LENGTHS = ("add-100", "add-1000", "add-10000", "add-100000")
CLOSES_WITHIN = 0.1


def local_models() -> list[str]:
    """Those whose workers are on this machine and that can run here."""
    return [name for name, model in find_models().items() if not model.on_request and model.availability() is None]


def unexplained(files: list[Path]) -> dict[str, dict[str, float]]:
    """Unexplained share of the batch, the median over sessions, by model and workload."""
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        for cell in explain_session(read_session(file)):
            if cell.workload in WORK:
                shares[cell.model][cell.workload].append(cell.split.seconds_per_batch.unexplained / cell.seconds)
    return {model: {work: statistics.median(of) for work, of in by.items()} for model, by in shares.items()}


def break_evens(files: list[Path]) -> dict[str, float]:
    """What `explain` tells of each model, the median over sessions and lengths of tasks."""
    lengths = defaultdict(list)
    for file in files:
        for cell in explain_session(read_session(file)):
            if cell.workload in LENGTHS and cell.break_even_seconds is not None:
                lengths[cell.model].append(cell.break_even_seconds)
    return {model: statistics.median(of) for model, of in lengths.items()}


def print_splits(files: list[Path]) -> None:
    """The first table."""
    shares = unexplained(files)
    print("| model | " + " | ".join(WORK) + " |\n|---|" + "---:|" * len(WORK))
    for model, by_work in shares.items():
        print(f"| `{model}` | " + " | ".join(f"{by_work[w]:+.0%}" if w in by_work else "" for w in WORK) + " |")
    every = [share for by_work in shares.values() for share in by_work.values()]
    print(f"\nthe split closes in {sum(abs(share) <= CLOSES_WITHIN for share in every)} of {len(every)} cells\n")


def speed_ups(files: list[Path]) -> dict[str, dict[float, float]]:
    """Geometric means over the sessions, by model and seconds of a task in the loop."""
    logs: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    lengths: dict[str, list[float]] = defaultdict(list)
    for file in files:
        seconds = {
            (stored.workload, stored.model): stored.seconds_per_round / (stored.tasks or 1)
            for stored in read_session(file).benchmarks
            if stored.workload in LENGTHS and stored.seconds_per_round
        }
        for (workload, model), of_task in seconds.items():
            lengths[workload].append(seconds[workload, "sequential"])
            logs[str(model)][str(workload)].append(math.log(seconds[workload, "sequential"] / of_task))
    return {
        model: {statistics.median(lengths[work]): math.exp(statistics.fmean(of)) for work, of in by_work.items()}
        for model, by_work in logs.items()
    }


def overtakes_at(by_length: dict[float, float]) -> float | None:
    """The length at which a speed-up passes 1 for good, interpolated on logarithmic scales; None where none is seen."""
    pairs = list(itertools.pairwise(sorted(by_length.items())))
    for (low, before), (high, after) in reversed(pairs):
        if before < 1 <= after:
            share = math.log(before) / math.log(before / after)
            return math.exp(math.log(low) + share * math.log(high / low))
    return None


def print_break_evens(files: list[Path]) -> None:
    """The second table."""
    predicted = break_evens(files)
    print("| model | told | seen | larger / smaller |\n|---|---:|---:|---:|")
    for model, by_length in speed_ups(files).items():
        seen = overtakes_at(by_length)
        if model in predicted and seen is not None:
            factor = max(predicted[model] / seen, seen / predicted[model])
            print(f"| `{model}` | {seconds_text(predicted[model])} | {seconds_text(seen)} | {factor:.2f} |")


def main() -> None:
    """Measure, or read what has been measured, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=5)
    parser.add_argument("--models", default=",".join(local_models()))
    parser.add_argument("--results", type=Path)
    arguments = parser.parse_args()
    folder = arguments.results or Path(tempfile.mkdtemp())
    workloads = ",".join(dict.fromkeys((*WORK, *LENGTHS)))
    files = measured(folder, arguments.sessions, arguments.models, workloads, "-m", "not harness and not server")
    print_splits(files)
    print_break_evens(files)


if __name__ == "__main__":
    main()
