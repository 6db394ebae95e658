"""What each folder of tests takes, as rows for the table in CONTRIBUTING.md.

    make test ARGS="--durations=0 --durations-min=0.05" > costs.txt
    python tests/costs.py costs.txt

The seconds are those of setups, calls and teardowns, one after another: side by side they take a fraction of it.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

DURATION = re.compile(r"^(\d+\.\d+)s (?:setup|call|teardown) +(tests/[^:]+)::", flags=re.MULTILINE)


def rows(output: str) -> list[str]:
    """A row for each folder, the most costly one first, from what pytest says of durations."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for amount, file in DURATION.findall(output):
        folder = "/".join(file.split("/")[:2]) if file.count("/") > 1 else "tests/*.py"
        seconds[folder] += float(amount)
    return [f"| `{name}` | {total:.0f} |" for name, total in sorted(seconds.items(), key=lambda one: -one[1])]


if __name__ == "__main__":
    print("\n".join(rows(Path(sys.argv[1]).read_text(encoding="utf-8"))))
