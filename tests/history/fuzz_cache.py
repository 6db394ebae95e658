"""Mutated summary caches. The long form: `python tests/history/fuzz_cache.py 10000 --seed 1`.

Prints one line with its figure; exits with 1 if any mutant raised, changed a summary or stayed in place of a whole one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from fuzz_reader import same
from session_mutations import MUTATIONS, SAMPLES

from parabench.history.cache import path_of
from parabench.history.sessions import read_summaries

#: Caches are one line, and have no lines to be doubled.
_MUTATIONS = [mutation for mutation in MUTATIONS if mutation.__name__ != "_keys_twice"]


def fuzz(number: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Try so many mutants; returns what became of them, and a traceback for each that went wrong."""
    counts: Counter[str] = Counter()
    wrong = []
    os.environ["XDG_CACHE_HOME"] = str(folder / "kept")
    results = folder / "fuzzed" / "results"
    (results / "machine").mkdir(parents=True)
    for place, sample in enumerate(SAMPLES, 1):
        shutil.copy(sample, results / "machine" / f"{place:04}_{sample.name}")
    first = read_summaries(results).sessions
    cache = path_of(results)
    whole = cache.read_bytes()
    for mutant in range(number):
        choice = random.Random(f"{seed}-{mutant}")
        mutation = choice.choice(_MUTATIONS)
        data = mutation(choice, whole)
        cache.write_bytes(data)
        try:
            found = read_summaries(results)
            assert not found.problems
            assert all(map(same, first, found.sessions)), "a summary has changed"
            assert cache.read_bytes() == whole, "the cache is not whole again"
            counts["unchanged" if data == whole else "made anew"] += 1
        except Exception:
            counts["wrong"] += 1
            wrong.append(f"mutant {mutant} of seed {seed}, {mutation.__name__}:\n{traceback.format_exc()}")
    return counts, wrong


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="?", type=int, default=10_000, help="mutants to try (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other mutants (default: 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = fuzz(options.number, options.seed, Path(folder))
    for text in wrong[:5]:
        print(text, file=sys.stderr)
    print(f"{options.number} mutated caches: {counts['made anew']} made anew, {len(wrong)} wrong (seed {options.seed})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
