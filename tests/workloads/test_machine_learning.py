"""The model is fitted, and a fit that is off is refused."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workloads import machine_learning


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_gradient_descent_recovers_what_the_data_was_made_with(seed):
    item = {"seed": seed, "rows": 100, "steps": machine_learning.STEPS}
    result = machine_learning.gradient_descent(item)
    assert machine_learning.gradient_descent_check(item, result)
    for column in range(machine_learning.FEATURES + 1):
        wrong = list(result["coefficients"])
        wrong[column] += 0.01
        assert not machine_learning.gradient_descent_check(item, result | {"coefficients": wrong})
    assert not machine_learning.gradient_descent_check(item, result | {"coefficients": result["coefficients"][:-1]})
    assert not machine_learning.gradient_descent_check(item, result | {"loss": 0.1})


def test_training_that_stops_early_is_refused():
    item = {"seed": 1, "rows": 100, "steps": 3}
    assert not machine_learning.gradient_descent_check(item, machine_learning.gradient_descent(item))
