"""A series as one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.report.sparkline import BLOCKS, PLAIN, sparkline, sparklines


def test_small_is_low_and_large_is_high_in_logarithms() -> None:
    assert sparkline([1, 10, 100], width=10, encoding="utf-8") == BLOCKS[0] + BLOCKS[4] + BLOCKS[-1]


def test_a_constant_series_is_a_flat_line() -> None:
    assert len(set(sparkline([2.0] * 5, width=10, encoding="utf-8"))) == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", None, "no-such-thing"])
def test_streams_that_cannot_show_blocks_get_plain_characters(encoding: str | None) -> None:
    drawn = sparkline([1, 10, 100], width=10, encoding=encoding)
    assert set(drawn) <= set(PLAIN)
    drawn.encode("ascii")


@given(st.lists(st.floats(1e-9, 1e9), max_size=200), st.integers(1, 60))
def test_it_never_is_wider_than_asked_for(seconds: list[float], width: int) -> None:
    assert len(sparkline(seconds, width=width, encoding="utf-8")) == min(len(seconds), width)


def test_parts_of_a_series_share_one_scale() -> None:
    assert sparklines([[1, 1], [], [100, 10]], width=10, encoding="utf-8") == "▁▁ █▅"
    assert sparklines([[1.0] * 9, [2.0] * 9], width=3, encoding="utf-8") == "▁▁▁ ███"
    assert sparklines([[], []], width=3, encoding="utf-8") == ""
