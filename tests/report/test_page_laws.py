import itertools
import json
import random

import pytest
from page_sessions import write_sessions

from parabench.report.page.data import report_of


def with_workers(results, counts, sessions=6, models=("mp-pool",)):
    """Sessions whose models were measured with each of these numbers of workers.

    `mp-pool` gains up to 4 workers; others are always twice as fast as the loop.
    """
    write_sessions(results, sessions=sessions, workloads=("count-primes",), models=("sequential", *models))
    source = random.Random(3)
    for path in sorted(results.glob("*/*.json")):
        session = json.loads(path.read_text())
        alone, *others = session["benchmarks"]
        session["benchmarks"] = [alone]
        for model, workers in itertools.product(others, counts):
            cell = json.loads(json.dumps(model))
            gain = workers / (1 + 0.05 * (workers - 1) + 0.02 * workers * (workers - 1))
            if cell["extra_info"]["model"] != "mp-pool":
                gain = 2
            seconds = alone["extra_info"]["seconds_per_round"] / gain * source.lognormvariate(0, 0.01)
            cell["extra_info"] |= {"workers": workers, "workers_named": True, "seconds_per_round": seconds}
            cell["stats"] |= {"data": [seconds] * 4, "mean": seconds, "median": seconds}
            cell["fullname"] += f"-w{workers}"
            session["benchmarks"].append(cell)
        path.write_text(json.dumps(session))


def test_a_model_with_enough_numbers_of_workers_has_a_law_and_an_extrapolation(tmp_path):
    with_workers(tmp_path, (1, 2, 4, 8, 16))
    (workload,) = report_of(tmp_path).pictures[0]["workloads"]
    (law,) = workload["laws"]
    assert law["model"] == "mp-pool"
    assert [workers for workers, _ in law["points"]] == [1, 2, 4, 8, 16, 24]
    assert law["extrapolated"] == 24
    assert 2 <= law["best"] <= 8


def changed(path, change):
    """Change all cells of a stored session but that of the plain loop."""
    session = json.loads(path.read_text())
    session["benchmarks"] = [cell for cell in session["benchmarks"] if change(cell["extra_info"], cell["stats"])]
    path.write_text(json.dumps(session))


def longer(info, stats, factor):
    info["seconds_per_round"] *= factor
    stats |= {key: stats[key] * factor for key in ("mean", "median")}
    stats["data"] = [seconds * factor for seconds in stats["data"]]
    return True


def test_cells_of_another_size_do_not_count_for_a_law(tmp_path):
    with_workers(tmp_path, (1, 2, 4, 8, 16))

    def enlarged(info, stats):
        info["size"] = "large"
        return longer(info, stats, 100)

    changed(min(tmp_path.glob("*/*.json")), enlarged)
    (workload,) = report_of(tmp_path).pictures[0]["workloads"]
    assert dict(workload["laws"][0]["points"])[1] == pytest.approx(1.0, rel=0.1)


def test_models_are_compared_within_sessions_also_where_one_of_them_misses_one(tmp_path):
    with_workers(tmp_path, (1, 2, 4, 8), models=("mp-pool", "thread-pool"))
    first, *others = sorted(tmp_path.glob("*/*.json"))
    changed(first, lambda info, stats: (info["model"], info["workers"]) != ("mp-pool", 8))
    for path in others[::2]:
        changed(path, lambda info, stats: info["model"] == "sequential" or longer(info, stats, 4))
    (workload,) = report_of(tmp_path).pictures[0]["workloads"]
    assert workload["crossings"] == [{"faster": "mp-pool", "slower": "thread-pool", "low": 2, "high": 4}]


def test_a_law_is_not_drawn_through_a_few_points(tmp_path):
    with_workers(tmp_path, (1, 2, 4))
    assert report_of(tmp_path).pictures[0]["workloads"][0]["laws"] == []


def test_where_models_cross_is_told(tmp_path):
    with_workers(tmp_path, (1, 2, 4, 8), models=("mp-pool", "thread-pool"))
    (workload,) = report_of(tmp_path).pictures[0]["workloads"]
    assert workload["laws"] == [], "too few numbers of workers for a law, enough to cross"
    assert workload["crossings"] == [{"faster": "mp-pool", "slower": "thread-pool", "low": 2, "high": 4}]
