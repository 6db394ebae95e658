"""Faults against sessions, many times each: `python tests/chaos/run.py --trials 20`, or `make chaos`.

Prints a table: fault, trials, visits finished before it, visits lost, processes and files left after 5 seconds, hung
sessions. Ends with status 1 unless all of the last four are 0, and each fault that can be tried here had a trial.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chaos import ALONE, FAULTS, Ended, missing, trial

HEAD = "| fault | trials | visits before | lost | orphans | files | hung |\n|---|---:|---:|---:|---:|---:|---:|"


def row(name: str, ends: Iterable[Ended]) -> str:
    """One line of the table."""
    ends = [end for end in ends if not end.missed]
    sums = [len(ends), sum(e.visits for e in ends), sum(e.lost for e in ends)]
    sums += [sum(len(e.orphans) for e in ends), sum(len(e.files) for e in ends), sum(e.hung for e in ends)]
    return f"| {name} | {' | '.join(map(str, sums))} |"


def _move_apart() -> None:
    """Go on in a mount namespace with a /dev/shm of its own, where that can be had: root, Linux, util-linux."""
    if ALONE not in os.environ and os.geteuid() == 0 and shutil.which("unshare"):
        script = f'mount -t tmpfs tmpfs /dev/shm && {ALONE}=1 exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, *sys.argv]
        os.execvp(command[0], command)
    if ALONE not in os.environ:
        print("shared memory is not counted: that needs root and unshare(1)", file=sys.stderr)


def main() -> int:
    """Run all faults and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="of each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose name this pattern is found in")
    arguments = parser.parse_args()
    _move_apart()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts by "&" ignore it
    source = random.Random(arguments.seed)
    every: list[Ended] = []
    untried = False
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        for number, name in enumerate(name for name in FAULTS if re.search(arguments.only, name)):
            if lacking := missing(name):
                print(f"{name}: not tried: {'; '.join(lacking)}", file=sys.stderr, flush=True)
                continue
            ends = []
            for count in range(arguments.trials):
                ends.append(trial(Path(folder) / f"{number}-{count}", name, source))
                missed = ["the session ended before the fault: no trial"] if ends[-1].missed else []
                for what in (*missed, *ends[-1].orphans, *ends[-1].files, *ends[-1].tracebacks):
                    print(f"{name}, trial {count}: {what}", file=sys.stderr, flush=True)
            print(row(name, ends), flush=True)
            every += ends
            untried |= all(end.missed for end in ends)
    print(row("all", every), flush=True)
    bad = untried or any(end.lost or end.orphans or end.files or end.hung or end.tracebacks for end in every)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
