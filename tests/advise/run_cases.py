"""Runs the cases and prints the table of docs/advise.md: python tests/advise/run_cases.py [--budget 60] [NAME ...]

Each run is a process of its own, whose answers are kept as lines of JSON in the file of --lines, if one is given.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import cases  # noqa: E402

from parabench.advise.advice import Advice  # noqa: E402
from parabench.advise.advisor import advise_on  # noqa: E402
from parabench.advise.request import Request  # noqa: E402
from parabench.advise.snippet import snippet_of  # noqa: E402
from parabench.advise.target import Target, target_from, target_of  # noqa: E402
from parabench.errors import TargetUnusable  # noqa: E402
from parabench.models import find_models  # noqa: E402


def run_case(case: cases.Case, budget: float) -> dict[str, Any]:
    """One case: what was advised, and whether that is right."""
    began = time.monotonic()
    try:
        if case.name == "not_importable":
            target_from(cases.not_importable())
        target = target_of(f"cases.py:{case.name}", HERE)
    except TargetUnusable as error:
        return {"case": case.name, "right": not case.families, "use": "refused", "seconds": 0.0, "why": str(error)}
    advice = advise_on(
        Request(
            target=target,
            items=case.items,
            items_text=case.items_text,
            budget_seconds=budget,
            setup=target_of(case.setup, HERE) if case.setup else None,
            **case.options,
        )
    )
    family = advice.use.family if advice.use else None
    kinds = {warned.kind for warned in advice.warnings}
    return {
        "case": case.name,
        "right": (family in case.families if family else not case.families) and kinds.issuperset(case.told),
        "use": f"{family}: {advice.use.model} x{advice.use.workers}" if advice.use else "nothing",
        "speedup": advice.speedup,
        "settled": advice.settled,
        "seconds": time.monotonic() - began,
        "told": sorted(kinds),
        "calls": [advice.calls.made, advice.calls.promised],
        "errors": [one.factor for one in advice.checked],
        "snippet": advice.snippet,
        "snippet_right": snippet_right(case, target, advice),
        "sure": advice.sure,
    }


def snippet_right(case: cases.Case, target: Target, advice: Advice) -> bool | None:
    """Whether the code to paste prints what a loop prints, as lines in any order; None where it was not run."""
    if advice.snippet is None or not case.items_text:
        return None
    loop = snippet_of(
        find_models()["sequential"],
        target,
        case.items_text,
        workers=1,
        chunk="1",
        cores=advice.cores,
        setup=case.setup,
    )
    outputs = [printed(code) for code in (advice.snippet, loop)]
    return outputs[0] == outputs[1]


def printed(code: str) -> list[str]:
    """The lines that a program prints, sorted: those of the function come when they come."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pasted.py"
        path.write_text(code)
        environment = os.environ | {"PYTHONPATH": str(HERE)}
        environment.pop("PYTHONUNBUFFERED", None)  # prints of two workers would be mixed within a line
        done = subprocess.run(
            [sys.executable, path], capture_output=True, text=True, timeout=120, env=environment, check=False
        )
    return sorted(done.stdout.splitlines()) if done.returncode == 0 else [done.stderr]


def table(lines: list[dict[str, Any]]) -> str:
    """What was advised, as a table in Markdown, and the figures below it."""
    rows = ["| function | advised | right | settled | seconds |", "|---|---|---|---|---|"]
    rows += [
        f"| {one['case']} | {one['use']}"
        + (f", {one['speedup']:.2f}x" if one.get("speedup") else "")
        + f" | {'yes' if one['right'] else 'NO'} | {'yes' if one.get('settled') else ''} | {one['seconds']:.0f} |"
        for one in lines
    ]
    errors = sorted(error for one in lines for error in one.get("errors", ()))
    rows += ["", f"right: {sum(one['right'] for one in lines)} of {len(lines)}"]
    snippets = [one["snippet_right"] for one in lines if one.get("snippet_right") is not None]
    rows.append(f"code to paste that gives what a loop gives: {sum(snippets)} of {len(snippets)} that were run")
    if errors:
        rows.append(
            f"predicted against raced, {len(errors)} contestants: median factor {statistics.median(errors):.2f}, "
            f"worst {errors[-1]:.2f}"
        )
    return "\n".join(rows)


def main() -> None:
    """Run what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--lines", type=Path)
    parser.add_argument("--show", action="store_true", help="print the table of --lines, and run nothing")
    given = parser.parse_args()
    if given.show:
        print(table([json.loads(line) for line in given.lines.read_text().splitlines()]))
        return
    done = []
    for case in cases.CASES:
        if given.names and case.name not in given.names:
            continue
        done.append(run_case(case, given.budget))
        print({key: value for key, value in done[-1].items() if key != "snippet"}, flush=True)
        if given.lines is not None:
            with given.lines.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    print(table(done))


if __name__ == "__main__":
    main()
