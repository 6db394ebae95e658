"""One benchmark read back: raw rounds or why not, statistics recomputed, and every unknown with its reason."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from parabench.history.reader import StoredBenchmark, StoredPass, read_session
from parabench.history.stored_benchmark import read_benchmark

SAMPLES = Path(__file__).parent / "samples"
DAMAGED = ("seconds", "median", "mean", "min", "max", "stddev", "rounds", "seconds_per_round")


def stock(**stats: Any) -> StoredBenchmark:
    """A benchmark of pytest-benchmark with these statistics, after a journey through JSON."""
    entry = json.loads(json.dumps({"name": "x", "stats": stats}))
    return read_benchmark(entry, "a::x", cell=False)


def cell(data: list[float], **extra_info: Any) -> StoredBenchmark:
    """One of our cells with these rounds."""
    info = {"workload": "w", "model": "m", **extra_info}
    return read_benchmark({"name": "x", "stats": {"data": data}, "extra_info": info}, "a::x", cell=True)


def visit(number: Any, rounds: Any, **other: Any) -> dict[str, Any]:
    return {"pass": number, "position": 3, "rounds": rounds, "seconds_open": 0.5, "seconds_first_batch": 0.25, **other}


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_recomputed_statistics_are_those_of_pytest_benchmark(sample: Path) -> None:
    stored = {entry["fullname"]: entry["stats"] for entry in json.loads(sample.read_text())["benchmarks"]}
    for benchmark in read_session(sample).benchmarks:
        stats = stored[benchmark.fullname]
        assert benchmark.seconds == (tuple(stats["data"]) if "data" in stats else None)
        for key in ("median", "mean", "min", "max", "rounds", "iterations"):
            assert getattr(benchmark, key) == pytest.approx(stats[key], rel=1e-12), key
        assert benchmark.stddev == (pytest.approx(stats["stddev"], rel=1e-9) if stats["rounds"] > 1 else None)


def test_a_cell_has_its_identity_its_passes_and_its_figures() -> None:
    [benchmark] = [b for b in read_session(SAMPLES / "parabench_2.json").benchmarks if b.model == "thread-pool"]
    assert benchmark.is_cell
    assert (benchmark.workload, benchmark.family, benchmark.kind) == ("double", "threads", "cpu")
    assert (benchmark.workers, benchmark.size, benchmark.tasks, benchmark.client) == (2, "small", 4, None)
    assert benchmark.libraries == {"psutil": "7.2.2"}
    assert benchmark.passes is not None
    assert benchmark.seconds is not None
    assert benchmark.passes[1] == StoredPass(
        number=1,
        position=0,
        rounds=2,
        seconds_open=0.0010612440000841161,
        seconds_first_batch=0.00022149500000523403,
    )
    assert benchmark.seconds_by_pass == {
        0: statistics.median(benchmark.seconds[:2]),
        1: statistics.median(benchmark.seconds[2:]),
    }
    assert benchmark.seconds_per_round == statistics.median(benchmark.seconds_by_pass.values())
    assert benchmark.figures["context_switches_involuntary"] == 0.75
    assert benchmark.remarks == {"ideal_reason": "sequential time / 2 cores"}
    assert benchmark.reasons["client"] == "extra_info.client is null"
    assert benchmark.reasons["bytes_read"] == "the file has no extra_info.bytes_read"


def test_without_rounds_the_statistics_are_as_found() -> None:
    found = stock(median=2.0, mean=2.5, min=1, max=4.0, stddev=0.5, rounds=7, iterations=2)
    assert found.seconds is None
    assert found.reasons["seconds"] == (
        "the file has no stats.data: pytest-benchmark stores it with --benchmark-save-data only"
    )
    assert (found.median, found.mean, found.min, found.max, found.stddev) == (2.0, 2.5, 1, 4.0, 0.5)
    assert (found.rounds, found.iterations, found.seconds_per_round) == (7, 2, 2.0)


def test_one_round_has_no_spread_though_the_file_says_zero() -> None:
    for found in (stock(rounds=1, stddev=0, median=1.0), stock(data=[1.0], stddev=0)):
        assert (found.rounds, found.stddev) == (1, None)
        assert found.reasons["stddev"] == "a single round has no spread"
    nobody_knows = stock(stddev=0.5)
    assert nobody_knows.stddev is None
    assert nobody_knows.reasons["stddev"] == "the spread of an unknown number of rounds says nothing"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ([0.1, "0.1"], "stats.data[1] is '0.1', not a number"),
        ([None], "stats.data[0] is null, not a number"),
        ([True], "stats.data[0] is true, not a number"),
        ([[0.1]], "stats.data[0] is a list, not a number"),
        ([-0.1], "stats.data[0] is -0.1, below 1e-18"),
        ([0], "stats.data[0] is 0, below 1e-18"),
        ([0.1, 5e-324], "stats.data[1] is 5e-324, below 1e-18"),
        ([1e308, 1e308], "stats.data[0] is 1e+308, above 1e+09"),
        ([float("inf")], "stats.data[0] is inf, not a finite number"),
        ([float("nan")], "stats.data[0] is nan, not a finite number"),
        ([10**400], f"stats.data[0] is 1{'0' * 36}..., not a finite number"),
        ([], "stats.data is empty"),
        ({}, "stats.data is an object, not a list"),
        (None, "stats.data is null, not a list"),
        ([0.1, 0.3], "stats.mean is 0.1, but that of stats.data is 0.2: one of them was changed"),
    ],
)
def test_damaged_rounds_are_unknown_all_of_them_and_their_statistics_too(data: Any, reason: str) -> None:
    found = stock(data=data, mean=0.1, median=0.1, min=0.1, max=0.1, rounds=2, stddev=0.1)
    assert {getattr(found, name) for name in DAMAGED} == {None}
    assert {found.reasons[name] for name in DAMAGED} == {reason}


def test_numbers_beyond_floats_are_unknown_in_the_statistics_too() -> None:
    path_text = '{"name": "x", "stats": {"median": 1e400, "mean": NaN, "min": -1, "max": "3", "rounds": 2.5}}'
    found = read_benchmark(json.loads(path_text), "a::x", cell=False)
    assert found.seconds_per_round is found.median is found.mean is found.min is found.max is found.rounds is None
    assert found.reasons["median"] == found.reasons["seconds_per_round"] == "stats.median is inf, not a finite number"
    assert found.reasons["mean"] == "stats.mean is nan, not a finite number"
    assert found.reasons["min"] == "stats.min is -1, below 1e-18"
    assert found.reasons["max"] == "stats.max is '3', not a number"
    assert found.reasons["rounds"] == "stats.rounds is 2.5, not a whole number"
    assert found.reasons["iterations"] == "the file has no stats.iterations"


@pytest.mark.parametrize("stats", [None, 3, []])
def test_without_statistics_everything_is_unknown(stats: Any) -> None:
    found = read_benchmark({"name": "x", "stats": stats}, "a::x", cell=False)
    assert found.median is found.seconds is None
    assert found.reasons["median"] == f"stats is {'null' if stats is None else stats or 'a list'}, not an object"


def test_what_is_no_cell_says_so_and_a_missing_name_is_the_full_one() -> None:
    found = read_benchmark({"stats": {}, "extra_info": {"model": "T"}}, "a::x", cell=False)
    assert (found.name, found.workload, found.model, found.is_cell, found.figures) == ("a::x", None, None, False, {})
    assert found.reasons["model"] == "it is no cell of parabench: pytest-benchmark does not record it"
    assert found.reasons["name"] == "the file has no benchmark.name"


def test_wrong_values_of_a_cell_are_unknown_one_by_one() -> None:
    found = cell([1.0], workers=0, size=3, libraries={"a": 1}, seconds_cpu="1", bytes_peak=-1, findings=[1], tasks=2)
    assert (found.workers, found.size, found.libraries, found.tasks, found.findings) == (None, None, None, 2, ())
    assert found.reasons["workers"] == "extra_info.workers is 0, below 1"
    assert found.reasons["size"] == "extra_info.size is 3, not a text"
    assert found.reasons["libraries"] == "extra_info.libraries has an entry that is 1, not a text"
    assert found.reasons["seconds_cpu"] == "extra_info.seconds_cpu is '1', not a number"
    assert found.reasons["bytes_peak"] == "extra_info.bytes_peak is -1, below 0"
    assert found.reasons["findings"] == "extra_info.findings has an entry that is 1, not an object"
    assert found.reasons["kind"] == "the file has no extra_info.kind"


def test_a_figure_that_is_null_has_the_reason_that_the_file_gives() -> None:
    found = cell([1.0], bytes_peak=None, memory_reason="no instrumented round", seconds_cpu=None, not_counted=None)
    assert found.reasons["bytes_peak"] == "no instrumented round"
    assert found.reasons["seconds_cpu"] == "extra_info.seconds_cpu is null"
    assert "not_counted" not in found.reasons, "null means that nothing was left out"


@pytest.mark.parametrize(
    ("passes", "reason"),
    [
        ([visit(0, 1), visit(1, 1)], "2 passes with 2 rounds do not divide 3 rounds"),
        ([visit(0, 2), visit(0, 1)], "2 passes with 3 rounds do not divide 3 rounds"),
        ([], "0 passes with 0 rounds do not divide 3 rounds"),
        ([visit(0, "3")], "extra_info.passes[0].rounds is '3', not a whole number"),
        ([visit(0, 3, seconds_open=None)], "extra_info.passes[0].seconds_open is null"),
        ([3], "extra_info.passes[0] is 3, not an object"),
        ("x", "extra_info.passes is 'x', not a list"),
    ],
)
def test_passes_that_do_not_divide_the_rounds_leave_the_stored_number(passes: Any, reason: str) -> None:
    found = cell([1.0, 2.0, 3.0], passes=passes, seconds_per_round=1.5)
    assert found.seconds_by_pass is None
    assert found.reasons["seconds_by_pass"] == reason
    assert found.seconds_per_round == 1.5
    assert cell([1.0, 2.0, 3.0], passes=passes).seconds_per_round == 2.0, "nothing stored: the median"


def test_the_stored_number_of_damaged_rounds_is_not_believed() -> None:
    found = cell([1.0, -2.0], passes=[visit(0, 2)], seconds_per_round=1.5)
    assert found.seconds_per_round is found.seconds_by_pass is None
    assert found.reasons["seconds_by_pass"] == "the raw rounds are unknown"
    assert found.reasons["seconds_per_round"] == "stats.data[1] is -2.0, below 1e-18"


def test_a_pass_without_rounds_has_no_number() -> None:
    found = cell([1.0, 2.0], passes=[visit(0, 0), visit(4, 2)])
    assert found.seconds_by_pass == {4: 1.5}
    assert found.seconds_per_round == 1.5
