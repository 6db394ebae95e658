"""What a calibration finds on machines whose noise is known."""

from __future__ import annotations

import math
import random

import pytest

from parabench.analyse.calibration import HALVES, SESSIONS_A_SIDE, calibrate
from parabench.analyse.in_turns import joint_test
from parabench.analyse.looks import level_of


def experiment(
    sessions: int, *, drift: float = 0.0, step: float = 0.0, walk: float = 0.0, seed: int = 1, cells: int = 10
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """So many quiet CPU-bound cells, and as many noisy disk-bound ones."""
    source = random.Random(seed)
    noise = {"cpu": 0.01, "disk": 0.10}
    kinds = {f"{kind}-{number}": kind for kind in noise for number in range(cells)}
    level, levels = 0.0, []
    for n in range(sessions):
        level += source.gauss(0, walk)
        levels.append(level + drift * n / sessions + step * (n >= sessions // 2))
    replicates = {
        cell: [math.exp(levels[n] + source.gauss(0, noise[kind])) for n in range(sessions)]
        for cell, kind in kinds.items()
    }
    return replicates, kinds


def test_noise_is_told_by_kind_of_work() -> None:
    found = calibrate(*experiment(16))
    assert (found.sessions, found.cells, found.sessions_a_side) == (16, 20, 8)
    assert found.kinds["cpu"].spread == pytest.approx(0.01, rel=0.15)
    assert found.kinds["disk"].spread == pytest.approx(0.10, rel=0.15)
    assert found.kinds["cpu"].detectable is not None
    assert 0.05 < found.kinds["cpu"].detectable < 0.07, "never below the threshold of 5 %"
    assert (found.kinds["disk"].detectable or 0) > 0.2


def test_nothing_changed_and_hardly_anything_is_called_changed() -> None:
    found = [calibrate(*experiment(16, seed=seed, cells=3)) for seed in range(4)]
    assert sum(one.any_false_alarm for one in found) / 4 <= 0.05
    assert [one.drift.is_found for one in found].count(True) <= 1
    assert sum(any(one.called.values()) for one in found) <= 1
    assert all(kind.false_alarms <= 0.02 for one in found for kind in one.kinds.values())


@pytest.mark.parametrize("trouble", [{"drift": 0.3}, {"step": 0.3}, {"walk": 0.05}])
def test_a_machine_that_drifts_fails(trouble: dict[str, float]) -> None:
    found = calibrate(*experiment(16, cells=3, **trouble))  # type: ignore[arg-type]
    assert found.drift.is_found
    assert found.drift.p <= 0.01
    assert found.drift.slow > 0.03
    assert found.any_false_alarm <= 0.1, "random splits cannot show it"


def test_a_drift_is_told_with_its_size_and_where_it_shows() -> None:
    found = calibrate(*experiment(16, step=0.3, cells=3))
    assert found.drift.halves == pytest.approx(math.exp(0.3), rel=0.02)
    assert len(found.called[HALVES]) >= 3, "those of the quiet kind"
    assert found.called["turns of 1"] == (), "sides in turns do not suffer from it"
    assert set(found.called) == {HALVES, "turns of 1", "turns of 2", "turns of 4"}


def test_too_few_sessions_detect_nothing() -> None:
    few = calibrate(*experiment(4))
    assert few.any_false_alarm == 0
    assert [kind.detectable for kind in few.kinds.values()] == [None, None]
    assert not few.drift.is_found


def test_the_slow_down_that_is_told_is_found_in_nine_of_ten_cases() -> None:
    """The promise behind `detectable`: fresh sessions in turns, one cell slower by what was told."""
    source, kept, runs = random.Random(8), 0, 0
    for seed in range(3):
        cells = [[math.exp(source.gauss(0, 0.03)) for _ in range(16)] for _ in range(6)]
        names = {str(cell): values for cell, values in enumerate(cells)}
        told = calibrate(names, dict.fromkeys(names, "cpu"), seed=seed).kinds["cpu"].detectable
        assert told is not None
        for _ in range(40):
            fresh = [[source.gauss(0, 0.03) for _ in range(16)] for _ in range(6)]
            fresh[0][SESSIONS_A_SIDE:] = [value + math.log1p(told) for value in fresh[0][SESSIONS_A_SIDE:]]
            one = joint_test(fresh, SESSIONS_A_SIDE, level_of(SESSIONS_A_SIDE))[0]
            kept += one.rejected and one.difference > math.log(1.05)
            runs += 1
    print(f"found in {kept} of {runs}")
    assert 0.82 * runs <= kept <= 0.98 * runs
