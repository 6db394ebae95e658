"""The short form of `make chaos`: each fault once. Those that resemble another one, or wait longest, are slow.

Rooms: plugin, session, measure, history, models, queues, cli.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos import FAULTS, QUEUES, trial

from parabench.models import find_models

QUICK = {"SIGKILL cell", "SIGKILL leader", "SIGKILL process group"}
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
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS]
)
def test_a_fault_leaves_nothing_and_loses_nothing(name: str, short_folder: Path) -> None:
    if any(find_models()[model].availability() for model in FAULTS[name][2] if model in QUEUES):
        pytest.skip("the libraries of the queues are not installed")
    ended = trial(short_folder, name, random.Random(CHEAP_SEED if name in CHEAP else DEAR_SEED))
    print(f"{name}: {ended}")
    assert not ended.missed, "the session ended before the fault"
    assert not ended.hung
    assert (ended.orphans, ended.files, ended.lost, ended.tracebacks) == ([], [], 0, [])
