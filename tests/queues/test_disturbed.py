"""Whole sessions, and whole rounds, in which something else had a part: told, repeated once, and left out."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from queue_helpers import Broker, call_of, external_worker, model_or_skip, own_workers
from test_lease import CLIENT
from user_project import Project

from parabench.errors import WorkersTooMany
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

pytestmark = pytest.mark.slow
#: Takes its worker along once: at call 12 of a visit, which is in the first round after the first batch of 8 tasks.
#: A visit is known by the process that its workers are children of.
WORK = """\
import contextlib, os, signal, sys
from pathlib import Path

CALLS = Path(__file__).with_name("calls")

def mine(item):
    if "{library}" in sys.modules and not CALLS.with_name("killed").exists():
        with CALLS.open("a") as file:
            file.write(f"{{os.getppid()}}\\n")
        if CALLS.read_text().split().count(str(os.getppid())) >= 12:
            with contextlib.suppress(FileExistsError):
                CALLS.with_name("killed").touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
    return item
"""


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("celery", "celery"),
        ("celery-threads", "celery"),
        ("dramatiq", "dramatiq"),
        ("dramatiq-threads", "dramatiq"),
        ("rq", "rq"),
        ("dask", "distributed"),
    ],
)
def test_a_session_in_which_a_worker_is_killed_repeats_the_round_and_tells_it(
    name: str, library: str, project: Project
) -> None:
    model_or_skip(name)
    project.workload("mine", WORK.format(library=library))
    project.experiment()
    models = ("--models", f"sequential,{name}", "--workers", "2", "--passes", "1", "--rounds", "2")
    result = project.pytest("benchmarks", *models)
    assert result.ret == 0, "\n".join(result.outlines)
    (benchmark,) = (one for one in project.stored()["benchmarks"] if one["extra_info"]["model"] == name)
    (visit,) = benchmark["extra_info"]["passes"]
    told = {one["cause"]: one for one in visit["disturbed"] if one["during"] == "round"}
    assert told["workers lost"]["count"] == 1
    (seconds,) = told["workers lost"]["seconds_set_aside"]
    assert len(benchmark["stats"]["data"]) == 2
    assert seconds not in benchmark["stats"]["data"]
    shown = " ".join(" ".join(result.outlines).partition("Disturbed:")[2].split())
    assert f"mine-{name}-w2: " in shown
    assert "workers lost (1), 1 time, set aside and repeated" in shown


def test_a_dask_worker_that_is_killed_during_a_round_is_told_and_its_tasks_are_done() -> None:
    model, call, items = model_or_skip("dask"), call_of("misbehave"), [["quick", 0.05]] * 12
    with model.open_with(2, call, Services(seconds_silence=20.0)) as run:

        def go() -> tuple[list[Any], dict[str, int]]:
            return [outcome.value for outcome in run(Batch(call, items))], run.disturbed()

        assert go() == (["quick"] * 12, {})
        workers = [one for one in psutil.Process().children() if "multiprocessing.spawn" in " ".join(one.cmdline())]
        assert len(workers) == 2
        timer = threading.Timer(0.2, workers[0].kill)
        timer.start()
        values, disturbed = go()
        timer.join()
        assert values == ["quick"] * 12
        assert disturbed["workers lost"] == 1
        assert go() == (["quick"] * 12, {}), "its nanny has replaced it, and the next round has waited for that"


@pytest.mark.parametrize("name", ["celery", "rq"])
def test_a_worker_that_is_replaced_during_a_traced_batch_is_told_and_nobody_else_is_blamed(name: str) -> None:
    model = model_or_skip(name)
    call, items = call_of("misbehave"), [["quick", 0.05]] * 80
    traced = Batch(TaskCall(task=call.task, traced=True), items)
    with model.open_with(2, call, Services()) as run:
        run(Batch(call, items))
        timer = threading.Timer(0.4, own_workers()[-1].kill)
        timer.start()
        outcomes = run(traced)
        timer.join()
        assert [outcome.value for outcome in outcomes] == ["quick"] * 80
        assert len({outcome.trace.worker for outcome in outcomes if outcome.trace}) == 3
        run.findings()
        assert run.disturbed()["workers lost"] == 1
        run(traced)
        run.findings()
        assert run.disturbed() == {}, "the one that has taken its place has been met"


def test_workers_that_come_during_a_session_are_told_and_fail_a_traced_batch(broker: Broker, tmp_path: Path) -> None:
    model = model_or_skip("rq")
    services = Services(broker=broker.url, workers_external=True)
    call, items = call_of("misbehave"), [["quick", 0.02]] * 30
    traced = TaskCall(task=call.task, traced=True)
    with external_worker("rq", broker, tmp_path, workers=1), model.open_with(1, call, services) as run:
        run(Batch(call, items))
        assert run.findings()
        assert run.disturbed() == {}
        with external_worker("rq", broker, tmp_path, workers=1):
            assert [outcome.value for outcome in run(Batch(call, items))] == ["quick"] * 30
            assert run.findings()
            assert run.disturbed() == {"workers too many": 1}
            with pytest.raises(WorkersTooMany, match="2 workers of rq have done tasks of a batch for 1: other ones"):
                run(Batch(traced, items))


def test_a_session_on_workers_that_another_client_has_measures_nothing_and_says_who_has_them(
    project: Project, broker: Broker, tmp_path: Path
) -> None:
    model_or_skip("rq")
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    with external_worker("rq", broker, tmp_path):
        client = subprocess.Popen([sys.executable, "-c", CLIENT, "rq", broker.url], stdout=subprocess.PIPE, text=True)
        assert client.stdout is not None
        assert client.stdout.readline() == "held\n"
        options = ("--workers", "2", "--passes", "1", "--rounds", "1", "--broker", broker.url, "--workers-external")
        result = project.pytest("benchmarks", "--models", "sequential,rq", *options)
        client.kill()
        client.wait()
        client.stdout.close()
    assert result.ret == 1
    session = project.stored()
    assert [one["extra_info"]["model"] for one in session["benchmarks"]] == ["sequential"]
    (failed,) = session["parabench"]["failed"]
    assert f"held by process {client.pid} on " in failed["reason"]
