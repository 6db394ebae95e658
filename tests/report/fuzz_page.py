"""Mutated stored sessions against the report. The long form: `python tests/report/fuzz_page.py 500 --seed 1`.

Prints one line with its figure; exits with 1 if any file gave another error than one of parabench.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
from pathlib import Path

from page_sessions import write_sessions

from parabench.errors import ParabenchError
from parabench.report.page.data import report_of
from parabench.report.page.markdown import markdown_of
from parabench.report.page.render import page_of

#: Mutations of our own sessions; those of the samples are all there are.
OURS = {"_values_replaced", "_numbers_replaced", "_keys_changed", "_digits_changed", "_parts_exchanged"}


def fuzz(number: int, seed: int) -> list[str]:
    """Tracebacks of what went wrong: mutants beside a session that is whole."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "history")]
    from session_mutations import MUTATIONS, mutate

    ours = [mutation for mutation in MUTATIONS if mutation.__name__ in OURS]
    choice, wrong = random.Random(seed), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        write_sessions(Path(folder, "whole"), sessions=2, workloads=("count-primes",))
        source, whole = (path.read_bytes() for path in sorted(Path(folder, "whole").glob("*/*.json")))
        for place in range(number):
            results = Path(folder, str(place))
            (results / "machine").mkdir(parents=True)
            mutant = mutate(choice)[1] if place % 3 == 0 else choice.choice(ours)(choice, source)
            (results / "machine" / "0001_a.json").write_bytes(mutant)
            (results / "machine" / "0002_b.json").write_bytes(whole)
            try:
                report = report_of(results)
                page_of(report)
                markdown_of(report)
            except ParabenchError:
                continue
            except Exception:
                wrong.append(f"mutant {place}: {traceback.format_exc()}")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = fuzz(given.number, given.seed)
    print(f"{given.number} mutants, {len(found)} gave an error that is not ours", *found[:5], sep="\n")
    sys.exit(bool(found))
