import sys
from pathlib import Path

import psutil
import pytest

from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.records import Cell

WORK = Path(__file__).parent / "work"
sys.path.insert(0, str(WORK))


@pytest.fixture
def visit():
    """Visit a workload under a model once; returns the stay. Nothing may be left running afterwards."""

    def run(workload, model, *, workers=2, instrument=False, timeout=60.0, rounds=1, options=None):
        chosen = {"size": "small", "seed": 1, "latency_seconds": 0.001, "github_url": "", "rounds": rounds}
        cell = Cell(workload=workload.name, model=model, kind=workload.kind, workers=workers, size="small")
        settings = ExperimentOptions(**chosen, cell_timeout_seconds=timeout, **(options or {}))
        with (
            Experiment(settings, {workload.name: workload}, [WORK]) as experiment,
            experiment.visit(cell, instrument=instrument) as stay,
        ):
            for _ in range(stay.rounds):
                stay.round()
        return stay

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield run
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert left == [], "processes left running"
