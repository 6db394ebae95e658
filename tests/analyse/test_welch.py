"""Welch's test against published numbers."""

from __future__ import annotations

import statistics

import pytest

from parabench.analyse.welch import standard_error, welch_p


def test_welch_against_published_numbers() -> None:
    """The same as scipy 1.16's ttest_ind(a, b, equal_var=False), with its degrees of freedom rounded down."""
    a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
    b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4]
    error, degrees = standard_error(a, b)
    assert (statistics.fmean(a) - statistics.fmean(b)) / error == pytest.approx(-2.8529548701715215)
    assert degrees == pytest.approx(27.88730398842012)
    assert welch_p(a, b) == pytest.approx(0.00821279147238975)


def test_without_any_spread() -> None:
    assert welch_p([1.0, 1.0], [1.0, 1.0]) == 1
    assert welch_p([1.0, 1.0], [2.0, 2.0]) == 0
