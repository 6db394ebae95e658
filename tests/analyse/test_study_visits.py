"""The study of visits judges as comparisons do, where all sessions have as many visits."""

from __future__ import annotations

import random

import pytest
from study_visits import LEVEL, SESSIONS, judged

from parabench.analyse.max_t import Row, max_t


def test_without_weights_it_is_the_test_of_comparisons() -> None:
    source = random.Random(3)
    for change in (0.0, 0.05, 0.1, 0.2):
        values = [source.gauss(change * (place >= SESSIONS), 0.05) for place in range(2 * SESSIONS)]
        [tested] = max_t([Row(values)], SESSIONS, LEVEL)
        difference, is_changed = judged(values, [7.0] * len(values))
        assert difference == pytest.approx(tested.difference)
        assert is_changed == tested.rejected
