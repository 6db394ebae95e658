"""Workloads that run by name: large payloads, uneven tasks, NumPy, SQLite, TLS."""

import asyncio
import importlib.util
import json
import sqlite3
import ssl
import threading
from dataclasses import replace

import pytest

from parabench.models import find_models
from parabench.session.plan import why_not
from parabench.workload import SIZES, LimitCase, ServiceOptions, makespan_least
from workloads import large_payloads, numpy_blas, sqlite_database, tls_handshakes, uneven_tasks

PLAIN = (uneven_tasks.ADD_UNEVENLY, large_payloads.TURN_PAYLOADS)
WORKLOADS = (*PLAIN, *numpy_blas.WORKLOADS, sqlite_database.SQLITE_ORDERS, tls_handshakes.TLS_HANDSHAKES)


def by_name(workload):
    return workload.name


@pytest.mark.parametrize("workload", WORKLOADS, ids=by_name)
def test_they_run_on_request_and_grow_with_the_size(workload):
    assert workload.on_request
    assert workload.description.endswith(".")
    counts = [len(workload.items(size)) for size in SIZES]
    assert counts == sorted(set(counts))
    assert json.loads(json.dumps(workload.items("small"))) == workload.items("small") == workload.items("small")


@pytest.mark.parametrize("workload", PLAIN, ids=by_name)
def test_a_small_batch_passes_its_own_check_and_a_wrong_result_does_not(workload):
    items = workload.items("small")[:3]
    results = [json.loads(json.dumps(workload.task(item))) for item in items]
    assert all(workload.check(item, result) for item, result in zip(items, results, strict=True))
    assert not workload.check(items[0], results[1])


def test_the_longest_of_uneven_tasks_limits_the_batch():
    lengths = [float(item["additions"]) for item in uneven_tasks.items("small")]
    case = LimitCase(
        items=[], settings={}, workers=8, cores_usable=8, seconds_sequential=sum(lengths), seconds_of_tasks=lengths
    )
    assert uneven_tasks.ADD_UNEVENLY.limit(case).seconds == pytest.approx(max(lengths))
    assert makespan_least(lengths, 8) > sum(lengths) / 8


@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="numpy is not installed")
def test_matrix_products_are_right():
    item = {"seed": 1, "rows": 40}
    result = numpy_blas.multiply_matrices(item)
    assert numpy_blas.check(item, result)
    assert not numpy_blas.check(item, {**result, "trace": 0.0})


def test_work_whose_library_is_missing_says_so_before_anything_runs(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numpy" else object())
    missing = why_not(numpy_blas.WORKLOADS[0], find_models()["sequential"], live=False)
    assert missing is not None
    assert missing.reason == "its work needs numpy, which is not installed"
    assert missing.install == 'pip install "parabench[numpy]"'


@pytest.fixture
def settings(tmp_path):
    options = ServiceOptions(seed=1, latency_seconds=0.01, scratch_directory=tmp_path, github_url="", size="small")
    with sqlite_database.service(options) as given:
        yield given
    assert list(tmp_path.iterdir()) == [], "nothing is left"


def test_threads_write_all_their_orders_and_every_round_begins_with_the_same(settings):
    items = sqlite_database.items("small")
    for _ in range(2):
        sqlite_database.before_round(items, settings)
        results = [None] * len(items)

        def work(first, results=results):
            with sqlite_database.connection_of(settings) as connection:
                for place in range(first, len(items), 4):
                    results[place] = sqlite_database.read_and_write(items[place], connection)

        threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(sqlite_database.check(item, result) for item, result in zip(items, results, strict=True))
        assert sqlite_database.after_round(items, results, settings) == {"orders_written": 640}


def test_a_lost_order_is_seen(settings):
    items = sqlite_database.items("small")
    with pytest.raises(AssertionError, match="0 orders are in the database; the tasks wrote 640"):
        sqlite_database.after_round(items, [], settings)
    with sqlite3.connect(settings["path"]) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (sqlite_database.ORDERS_BEFORE,)
    connection.close()


def test_a_tls_server_answers_threads_and_loops_and_its_certificate_is_the_only_one_trusted(tmp_path):
    pytest.importorskip("trustme", reason="trustme is not installed")
    options = ServiceOptions(seed=1, latency_seconds=0.0, scratch_directory=tmp_path, github_url="", size="small")
    with tls_handshakes.service(options) as settings:
        item = tls_handshakes.items("small")[3]
        with tls_handshakes.server_of(settings) as server:
            assert tls_handshakes.check(item, tls_handshakes.exchange(item, server))
            assert tls_handshakes.check(item, asyncio.run(tls_handshakes.exchange_async(item, server)))
        stranger = replace(server, trust=ssl.create_default_context())
        with pytest.raises(ssl.SSLCertVerificationError):
            tls_handshakes.exchange(item, stranger)
