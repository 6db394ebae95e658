"""What a calibration finds on machines whose noise is known."""

from __future__ import annotations

import math
import random

import pytest

from parabench.analyse.calibration import calibrate


def experiment(sessions: int, *, drift: float = 0.0, seed: int = 1) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Ten quiet CPU-bound cells and ten noisy disk-bound ones."""
    source = random.Random(seed)
    noise = {"cpu": 0.01, "disk": 0.10}
    kinds = {f"{kind}-{number}": kind for kind in noise for number in range(10)}
    replicates = {
        cell: [math.exp(drift * n / sessions + source.gauss(0, noise[kind])) for n in range(sessions)]
        for cell, kind in kinds.items()
    }
    return replicates, kinds


def test_noise_is_told_by_kind_of_work() -> None:
    found = calibrate(*experiment(16))
    assert (found.sessions, found.cells) == (16, 20)
    assert found.kinds["cpu"].spread == pytest.approx(0.01, rel=0.15)
    assert found.kinds["disk"].spread == pytest.approx(0.10, rel=0.15)
    assert found.kinds["cpu"].detectable is not None
    assert found.kinds["cpu"].detectable < 0.04
    assert (found.kinds["disk"].detectable or 0) > 0.2


def test_nothing_changed_and_hardly_anything_is_called_changed() -> None:
    found = [calibrate(*experiment(16, seed=seed)) for seed in range(8)]
    assert sum(one.any_false_alarm for one in found) / 8 <= 0.08
    assert sum(bool(one.called_in_halves) for one in found) <= 2
    assert all(kind.false_alarms <= 0.02 for one in found for kind in one.kinds.values())


def test_a_drift_shows_in_the_halves() -> None:
    found = calibrate(*experiment(16, drift=0.3))
    assert len(found.called_in_halves) >= 10
    assert {cell.partition("-")[0] for cell in found.called_in_halves} >= {"cpu"}


def test_too_few_sessions_detect_nothing() -> None:
    assert calibrate(*experiment(16))  # 8 a side do
    few = calibrate(*experiment(4))
    assert few.any_false_alarm <= 0.2
