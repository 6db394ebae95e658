import math

import pytest

from parabench.analyse.student import t_probability, t_quantile, t_quantile_between


@pytest.mark.parametrize(
    ("confidence", "degrees", "expected"),
    # Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.10.
    [(0.9, 1, 6.314), (0.95, 2, 4.303), (0.99, 3, 5.841), (0.95, 4, 2.776), (0.998, 10, 4.144), (0.95, 120, 1.980)],
)
def test_quantiles_of_the_printed_table(confidence, degrees, expected):
    assert t_quantile(confidence, degrees) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 29, 30])
def test_probability_and_quantile_are_inverse(degrees):
    for confidence in (0.5, 0.9, 0.99, 0.9999):
        assert t_probability(t_quantile(confidence, degrees), degrees) == pytest.approx(confidence, abs=1e-9)


def test_many_degrees_approach_the_normal_distribution():
    assert t_quantile(0.95, 100_001) == pytest.approx(1.95996, abs=1e-4)


def test_one_degree_is_the_cauchy_distribution():
    assert t_probability(1.0, 1) == pytest.approx(2 / math.pi * math.atan(1.0))


def test_quantiles_between_whole_degrees_of_freedom() -> None:
    """Against scipy's t.ppf."""
    assert t_quantile_between(0.95, 5.4) == pytest.approx(2.514352, rel=1e-3)
    assert t_quantile_between(0.95, 3.2) == pytest.approx(3.072829, rel=5e-3)
    assert t_quantile_between(0.95, 7.0) == t_quantile(0.95, 7)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999, 1 - 1e-6])
def test_many_degrees_of_freedom_go_on_where_few_end(confidence: float) -> None:
    """The series and the closed form agree where one takes over."""
    for degrees in (100, 151, 400):
        assert t_probability(t_quantile(confidence, degrees), degrees) == pytest.approx(confidence, abs=1e-8)
