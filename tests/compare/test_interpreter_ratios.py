"""Sessions of several interpreters as one table: what could not run or failed is there under its own model's name."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from parabench.compare.interpreter_ratios import interpreter_ratios
from parabench.records import CellId
from parabench.report.interpreter_table import interpreter_text

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"


def write(path: Path, size: str, ran: list[str], failed: list[str], not_run: list[str], workers: int | None) -> Path:
    """A session of the workload "double" on one interpreter."""
    session: dict[str, Any] = json.loads(SAMPLE.read_text())
    cell = next(b for b in session["benchmarks"] if b.get("extra_info", {}).get("model") == "thread-pool")

    def identity(model: str) -> CellId:
        named = workers is not None and model != "sequential"
        return CellId("double", model, (workers or 2) if model != "sequential" else 1, size, named)

    session["benchmarks"] = []
    for model in ran:
        benchmark = copy.deepcopy(cell)
        benchmark["extra_info"] |= identity(model)._asdict()
        benchmark["name"] = benchmark["fullname"] = f"t.py::test[{identity(model).text}]"
        session["benchmarks"].append(benchmark)
    for key, models in (("failed", failed), ("not_run", not_run)):
        reason = "it broke\nhere" if key == "failed" else "there is none here"
        session["parabench"][key] = [
            {"cell": identity(model).text, **identity(model)._asdict(), "reason": reason} for model in models
        ]
    path.write_text(json.dumps(session))
    return path


@pytest.mark.parametrize("size", ["small", "medium", "large"])
@pytest.mark.parametrize("workers", [None, 4])
def test_reasons_stand_beside_the_model_and_interpreter_that_they_are_about(
    tmp_path: Path, size: str, workers: int | None
) -> None:
    old = write(
        tmp_path / "old.json", size, ["sequential", "process-pool-fork"], ["thread-pool"], ["interpreters"], workers
    )
    new = write(tmp_path / "new.json", size, ["sequential", "interpreters"], [], ["gevent"], workers)
    ratios = interpreter_ratios({"3.13": {0: old}, "3.14": {0: new}})
    suffix = "" if workers is None else f" x{workers}"
    assert {standing.model for standing in ratios.standings["double"]} == {
        "sequential",
        f"process-pool-fork{suffix}",
        f"interpreters{suffix}",
    }
    assert ratios.missing == {
        ("double", f"interpreters{suffix}", "3.13"): "there is none here",
        ("double", f"thread-pool{suffix}", "3.13"): "it broke",
    }, "gevent ran nowhere: nothing is missing of it"
    text = interpreter_text(ratios, colour=False)
    assert f"interpreters-{size}" not in text
    assert text.count("(1)") == 2
    assert "there is none here" in text
