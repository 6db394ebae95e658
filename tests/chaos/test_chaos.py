"""The short form of `make chaos`: a fault of each sort once. Those that wait longest are slow.

Rooms: plugin, session, measure, history, models, queues, cli.
"""

from __future__ import annotations

import copy
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos import FAULTS, missing, trial
from kept_visits import Recorded, recovered

QUICK = {"SIGKILL cell", "SIGKILL leader", "SIGKILL process group"}
#: Each resembles another one; `make chaos` tries them as well.
BY_COMMAND_ONLY = {
    *("SIGKILL zygote, then leader", "SIGSTOP zygote", "SIGKILL leader of queues", "SIGKILL cell of Dask"),
}
#: Slow, although their models cost little.
CHEAP = QUICK | {"SIGKILL zygote", "SIGKILL supervisor of a queue"}

#: What the two models of a trial are drawn with: mp-pool and process-pool-fork, or process-per-task and joblib-loky,
#: whose cells cost five times as much.
CHEAP_SEED, DEAR_SEED = 23, 11


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The path of a socket may be 107 bytes long."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        yield Path(folder) / "v"


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in FAULTS
        if name not in BY_COMMAND_ONLY
    ],
)
def test_a_fault_leaves_nothing_and_loses_nothing(name: str, short_folder: Path) -> None:
    if lacking := missing(name):
        pytest.skip("; ".join(lacking))
    ended = trial(short_folder, name, random.Random(CHEAP_SEED if name in CHEAP else DEAR_SEED))
    print(f"{name}: {ended}")
    assert not ended.missed, "the session ended before the fault"
    assert not ended.hung
    assert (ended.orphans, ended.files, ended.lost, ended.tracebacks) == ([], [], 0, [])
    session = recovered(short_folder)
    assert session is not None
    for benchmark in session["benchmarks"]:
        assert ended.recorded.lost(without_last_visit(session, benchmark["param"])), "the count cannot fail"


def without_last_visit(session: dict[str, Any], cell: str) -> dict[str, Any]:
    """The same session, had it lost what was measured last of a cell."""
    poorer = copy.deepcopy(session)
    benchmark = next(benchmark for benchmark in poorer["benchmarks"] if benchmark["param"] == cell)
    del benchmark["stats"]["data"][-benchmark["extra_info"]["passes"].pop()["rounds"] :]
    return poorer


def stored(failed: list[str], **passes: list[int]) -> dict[str, Any]:
    """As much of a session as is counted: two rounds in each visit."""
    return {
        "benchmarks": [
            {
                "param": cell,
                "extra_info": {"passes": [{"pass": number, "rounds": 2} for number in numbers]},
                "stats": {"data": [0.1, 0.1] * len(numbers)},
            }
            for cell, numbers in passes.items()
        ],
        "parabench": {"failed": [{"cell": cell} for cell in failed]},
    }


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """A journal of two cells; one of them failed after its first visit, and the last line was never finished."""
    folder = tmp_path / "machine"
    folder.mkdir()
    visits = [{"cell": cell, "visit": {"pass_number": number}} for cell, number in [("a", 0), ("b", 0), ("b", 1)]]
    lines = [*visits, {"cell": "a", "failure": "killed"}]
    text = "".join(f"{json.dumps(line)}\n" for line in lines) + json.dumps(visits[0])[:-1]
    (folder / ".session-1.journal").write_text(text)
    recorded = Recorded()
    assert recorded.look(tmp_path) == 3
    (folder / ".session-1.journal").unlink()
    assert recorded.look(tmp_path) == 3, "what was there stays known"
    return recorded


def test_visits_are_missed_cell_by_cell(recorded: Recorded) -> None:
    assert recorded.lost(stored(["a"], b=[0, 1])) == set()
    assert recorded.lost(stored(["a"], b=[0])) == {("b", 1)}, "that another cell failed is no excuse"
    assert recorded.lost(stored([], b=[0, 1])) == {("a", 0)}, "a failed cell has to be named"
    assert recorded.lost(stored(["a"])) == {("b", 0), ("b", 1)}
    assert recorded.lost(stored(["a"], b=[1, 1])) == {("b", 0), ("b", 1)}, "a visit that is stored twice is not kept"
    assert recorded.lost(None) == {("b", 0), ("b", 1)}


def test_a_visit_without_its_rounds_is_lost(recorded: Recorded) -> None:
    session = stored(["a"], b=[0, 1])
    session["benchmarks"][0]["stats"]["data"].pop()
    assert recorded.lost(session) == {("b", 1)}
