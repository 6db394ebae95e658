"""What is written, what the schema says and what docs/results_format.md says are the same."""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from user_project import Project

from parabench.history.checked import problem, rules_of
from parabench.history.reader import read_session

SCHEMA = json.loads(importlib.resources.files("parabench.history").joinpath("results.schema.json").read_text())
PAGE = Path(__file__).parents[2] / "docs" / "results_format.md"
#: Definition of the schema by the heading of its table in the page.
HEADINGS = {
    "`extra_info` of each benchmark": "cell",
    "`passes`": "pass",
    "`disturbed`": "disturbance",
    "`timeline`": "timeline",
    "`parabench`, at the top level": "session",
    "`answers`": "answer",
    "A choice, under `use`, `equals` and `others`": "choice",
    "`fingerprint`": "fingerprint",
    "`options`": "options",
    "`warnings`": "warning",
    "`failed` and `not_run`": "unmeasured",
}
#: One workload that looks for something, and one that fails outside the main thread.
WORKLOADS = """
import threading
from parabench.workload import cpu_limit, workload

def count(items, results, settings):
    return {"results": len(results)}

@workload(items=[1, 2], kind="cpu", limit=cpu_limit, libraries=("psutil", "not-there"), after_round=count)
def double(item):
    return item * 2

@workload(items=[1], kind="cpu")
def shy(item):
    assert threading.current_thread() is threading.main_thread()
"""


def validator(definition: str | None = None) -> jsonschema.Draft202012Validator:
    root = SCHEMA if definition is None else {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    return jsonschema.Draft202012Validator(root)


@pytest.fixture
def stored(project: Project) -> dict[str, Any]:
    """A real session with cells of all fates: measured, failed, and on most interpreters one that cannot run."""
    project.workload("some", WORKLOADS)
    project.file(
        "benchmarks/test_cpu.py",
        "import pytest\n\n@pytest.mark.cpu\ndef test_cpu(cell):\n    cell.measure()\n\n"
        "def test_guest(benchmark):\n    benchmark.extra_info['workers'] = 'many'\n"
        "    benchmark.pedantic(sum, ([1],))\n",
    )
    project.pytest("benchmarks", "--models", "sequential,thread-pool,interpreters", "--passes", "1", "--rounds", "2")
    return project.stored()


def written(stored: dict[str, Any]) -> dict[str, set[str]]:
    """The keys of a stored session by definition of the schema."""
    cells = [b["extra_info"] for b in stored["benchmarks"] if "model" in b["extra_info"]]
    ours = stored["parabench"]
    return {
        "cell": {key for cell in cells for key in cell},
        "pass": {key for cell in cells for visit in cell["passes"] for key in visit},
        "disturbance": {key for cell in cells for visit in cell["passes"] for one in visit["disturbed"] for key in one}
        or {"cause", "count", "during", "seconds_set_aside"},
        "timeline": {key for cell in cells for key in cell["timeline"]},
        "session": set(ours),
        "answer": {key for answer in ours["answers"] for key in answer},
        "choice": {key for answer in ours["answers"] for key in answer["use"]} | {"speed"},
        "fingerprint": set(ours["fingerprint"]),
        "options": set(ours["options"]),
        "warning": {key for entry in ours["warnings"] for key in entry} or {"check", "message"},
        "unmeasured": {key for entry in ours["failed"] + ours["not_run"] for key in entry},
    }


def documented() -> dict[str, set[str]]:
    """The keys in the first columns of the page's tables, by definition of the schema."""
    found = {}
    for section in re.split(r"^##+ ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
        if rows:
            found[HEADINGS[heading]] = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    return found


def test_the_schema_is_one_and_describes_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name, definition in SCHEMA["$defs"].items():
        for key, rule in definition["properties"].items():
            assert rule.get("description"), f"{name}.{key}"


def test_every_key_in_the_schema_is_in_the_page_and_the_other_way_round() -> None:
    assert documented() == {name: set(definition["properties"]) for name, definition in SCHEMA["$defs"].items()}


def test_a_stored_session_is_valid_and_every_key_in_it_is_described(stored: dict[str, Any], project: Project) -> None:
    validator().validate(stored)
    described = {name: set(definition["properties"]) for name, definition in SCHEMA["$defs"].items()}
    keys = written(stored)
    if not stored["parabench"]["not_run"]:
        keys["unmeasured"].add("install")
    assert keys == described

    session = read_session(project.sessions()[-1])
    cells = {benchmark.workload: benchmark for benchmark in session.benchmarks if benchmark.is_cell}
    assert set(cells) == {"double", "shy"}
    double = cells["double"]
    assert double.libraries is not None
    assert double.libraries["not-there"] is None
    assert double.findings == ({"results": 2},) * 2
    assert set(double.figures) >= {"seconds_cold_start", "seconds_cpu", "bytes_peak", "processes"}
    assert session.failed is not None
    elsewhere = {"shy-thread-pool", "shy-interpreters"} if sys.version_info >= (3, 14) else {"shy-thread-pool"}
    assert {entry.cell.text for entry in session.failed} == elsewhere


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda s: s["parabench"].pop("format"), "parabench"),
        (lambda s: s["parabench"].update(interrupted="no"), "parabench/interrupted"),
        (lambda s: s["parabench"]["failed"][0].pop("reason"), "parabench/failed/0"),
        (lambda s: s["benchmarks"][1]["extra_info"].update(workers=0), "benchmarks/1/extra_info/workers"),
        (lambda s: s["benchmarks"][1]["extra_info"].update(seconds_cpu="1"), "benchmarks/1/extra_info/seconds_cpu"),
        (lambda s: s["benchmarks"][1]["extra_info"]["passes"][0].pop("pass"), "benchmarks/1/extra_info/passes/0"),
    ],
)
def test_the_schema_finds_what_is_wrong(change: Any, where: str) -> None:
    sample = json.loads((Path(__file__).parent / "samples" / "parabench_2.json").read_text())
    validator().validate(sample)
    change(sample)
    errors = list(validator().iter_errors(sample))
    assert ["/".join(map(str, error.absolute_path)) for error in errors] == [where]


def test_keys_of_the_future_are_allowed() -> None:
    sample = json.loads((Path(__file__).parent / "samples" / "parabench_2.json").read_text())
    sample["parabench"]["weather"] = "fine"
    sample["benchmarks"][1]["extra_info"]["joules"] = 3
    validator().validate(sample)


@pytest.mark.parametrize("definition", sorted(set(SCHEMA["$defs"]) - {"options"}))
def test_the_reader_takes_what_the_schema_allows(definition: str) -> None:
    values = [None, True, -1, 0, 1, 0.5, 2e9 + 0.5, "x", [], ["x"], [{}], [None], {}, {"a": "x"}, {"a": None}, {"a": 1}]
    for key, rule in rules_of(definition).items():
        if "$ref" in json.dumps(rule):
            continue  # read entry by entry
        check = jsonschema.Draft202012Validator(rule)
        for value in values:
            assert (problem(value, rule) is None) == check.is_valid(value), (key, value)
