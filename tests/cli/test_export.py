"""`parabench export` and `parabench.read`: the same rounds, in every form, under columns that never move."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import parabench
from parabench.cli import cli
from parabench.history.long_format import COLUMNS

SAMPLES = Path(__file__).parents[1] / "history" / "samples"
PAGE = Path(__file__).parents[2] / "docs" / "exports.md"
SPANS = {
    "seconds_started": [0.0, 0.001, 0.004],
    "seconds_ended": [0.003, 0.002, 0.005],
    "seconds_cpu": None,
    "seconds_runqueue": [0.0, None, 0.0001],
    "seconds_waited_alone": None,
    "seconds_clock_error": None,
    "worker": [0, 0, 0],
    "host": [0, 0, 0],
}


@pytest.fixture
def results(tmp_path):
    """Two sessions: one of ours, traced, and one of pytest-benchmark alone, without its rounds."""
    content = json.loads((SAMPLES / "parabench_2.json").read_text())
    content["parabench"]["tags"] = ["=1+1"]
    content["benchmarks"][1]["extra_info"]["timeline"] = SPANS
    folder = tmp_path / "results" / content["parabench"]["machine_id"]
    folder.mkdir(parents=True)
    (folder / "0001_made.json").write_text(json.dumps(content))
    shutil.copy(SAMPLES / "stock_4.0.0_without_rounds.json", folder / "0002_stock.json")
    return tmp_path / "results"


def export(results, *arguments):
    return CliRunner().invoke(cli, ["export", "--results", str(results), *arguments], catch_exceptions=True)


def exported(results, *arguments):
    answer = export(results, *arguments)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_record_a_round_with_the_session_the_cell_and_the_place_of_the_round(results):
    rows = parabench.read(results, "1")
    assert [len(rows), *{tuple(row) for row in rows}] == [11, tuple(COLUMNS)]
    cell = [row for row in rows if row["cell"] == "double-thread-pool"]
    assert [row["round"] for row in cell] == [0, 1, 2, 3]
    assert {row["model"] for row in cell} == {"thread-pool"}
    assert all(row["seconds"] > 0 and row["pass"] is not None for row in cell)
    other = next(row for row in rows if row["cell"] is None)
    assert (other["benchmark"], other["pass"], other["round"]) == ("benchmarks/test_cpu.py::test_sorted", None, 0)


def test_a_benchmark_without_rounds_is_one_record_with_its_number(results):
    for row in parabench.read(results, "2"):
        assert (row["round"], row["seconds"]) == (None, None)
        assert row["seconds_per_round"] > 0
    assert len(parabench.read(results)) > len(parabench.read(results, "1"))


def test_csv_and_json_have_the_same_records_and_no_formula(results):
    told = json.loads(exported(results, "--sessions", "1", "--format", "json"))
    assert told == parabench.read(results, "1")
    lines = list(csv.DictReader(io.StringIO(exported(results, "--sessions", "1"))))
    assert list(lines[0]) == list(COLUMNS)
    assert [line["seconds"] for line in lines] == [str(row["seconds"]) for row in told]
    assert {line["tags"] for line in lines} == {"'=1+1"}
    assert {line["joules_per_round"] for line in lines if not line["cell"]} == {""}


def test_markdown_is_a_table_of_the_chosen_cells(results):
    heading, rule, *rows = exported(results, "double-*", "--sessions", "1", "--format", "markdown").splitlines()
    assert heading == f"| {' | '.join(COLUMNS)} |"
    assert rule.count("---") == len(COLUMNS)
    assert len(rows) == 8
    assert all("`double-" in row for row in rows)


def test_timelines_are_trace_events_on_tracks_where_nothing_overlaps(results, tmp_path):
    output = tmp_path / "trace.json"
    assert exported(results, "--sessions", "1", "--format", "trace", "--output", str(output)) == ""
    told = json.loads(output.read_text())
    events = [event for event in told["traceEvents"] if event["ph"] == "X"]
    assert [(event["name"], event["ts"], event["dur"]) for event in events] == [
        ("task 0", 0, 3000),
        ("task 1", 1000, 1000),
        ("task 2", 4000, 1000),
    ]
    assert [event["tid"] for event in events] == [1, 2, 1]  # the second overlaps the first, on the same worker
    assert [event.get("args") for event in events] == [{"queued_us": 0}, None, {"queued_us": 100}]
    names = {event["args"]["name"] for event in told["traceEvents"] if event["name"].endswith("_name")}
    assert names == {"double-thread-pool", "worker 0"}
    assert told["otherData"]["session"] == "0001_made.json"
    assert all(len(json.dumps(event)) < 160 for event in events)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dubble-sequential", "--sessions", "1"], r"no cell matches 'dubble-sequential'; did you mean 'double-seq"),
        (["--format", "trace", "--sessions", "2"], "no cell of session 0002_stock.json was traced"),
        (["x", "--format", "trace", "--sessions", "1"], "no traced cell matches 'x'; known: double-thread-pool"),
        (["--output", "/nowhere/at/all", "--sessions", "1"], "cannot write /nowhere/at/all: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_told(results, arguments, message):
    error = export(results, *arguments).exception
    assert isinstance(error, parabench.errors.UsageError)
    assert re.search(message, str(error))


def test_the_page_names_every_column_in_order():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == list(COLUMNS.items())


def test_the_records_make_a_data_frame_and_its_plot(results, tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    program = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1].replace("latest", "1")
    exec(program, {})
    assert (tmp_path / "rounds.png").read_bytes().startswith(b"\x89PNG")
