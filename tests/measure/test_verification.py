import pytest

from parabench.errors import TasksFailed, WrongResult
from parabench.measure.verification import shorten, verify
from parabench.records import Failure, Outcome
from parabench.workload import Workload


def double(item):
    return 2 * item


def work(**fields):
    return Workload(name="double", task=double, items=lambda size: [1, 2], **fields)


def outcomes(*values):
    return [Outcome(value) for value in values]


def test_equal_results_pass():
    verify("c", work(), [1, 2], outcomes(2, 4), [2, 4])


def test_a_different_result_names_item_value_and_expectation():
    with pytest.raises(
        WrongResult, match=r"cell c: 1 of 2 results differ from sequential: task 1, item 2: 5 instead of 4"
    ):
        verify("c", work(), [1, 2], outcomes(2, 5), [2, 4])


@pytest.mark.parametrize("values", [(2,), (2, 4, 4)])
def test_lost_and_doubled_results_are_told(values):
    with pytest.raises(WrongResult, match=rf"returned {len(values)} results for 2 tasks: tasks were lost or doubled"):
        verify("c", work(), [1, 2], outcomes(*values), [2, 4])


def test_a_failed_task_carries_its_remote_traceback():
    failed = Outcome(None, Failure("ValueError", "no", "Traceback:\n  line 7"))
    with pytest.raises(TasksFailed) as caught:
        verify("c", work(), [1, 2], [Outcome(2), failed], [2, 4])
    assert str(caught.value).splitlines() == [
        "cell c: 1 of 2 tasks failed",
        "task 1, item 2: ValueError: no",
        "    Traceback:",
        "      line 7",
    ]


def test_tasks_that_fail_alike_are_told_once_with_their_number():
    same = Outcome(None, Failure("ValueError", "no", "Traceback:\n  line 7"))
    kinds = [Outcome(None, Failure("TypeError", f"other {n}", "")) for n in range(4)]
    with pytest.raises(TasksFailed) as caught:
        verify("c", work(), [1] * 7, [same, same, same, *kinds], None)
    assert str(caught.value).splitlines() == [
        "cell c: 7 of 7 tasks failed",
        "task 0, item 1: ValueError: no (3 tasks like this)",
        "    Traceback:",
        "      line 7",
        "task 3, item 1: TypeError: other 0",
        "task 4, item 1: TypeError: other 1",
        "and 2 other failures",
    ]


def test_the_workloads_own_check_is_asked_even_without_a_reference():
    checked = work(check=lambda item, result: result == 2 * item, deterministic=False)
    verify("c", checked, [1, 2], outcomes(2, 4), None)
    with pytest.raises(WrongResult, match=r"check refuses the result of task 0: item 1 gave 3"):
        verify("c", checked, [1, 2], outcomes(3, 4), None)


def test_work_that_may_differ_is_not_compared():
    verify("c", work(deterministic=False), [1, 2], outcomes(0, 0), [2, 4])


def test_long_values_are_cut_in_the_middle():
    assert len(shorten("x" * 1000)) <= 80
    assert shorten([1]) == "[1]"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, 1), (0, False), (1.0, 1), (-0.0, 0.0), ("1", 1), (None, False), ([1], [1.0]), ({"a": 1}, {"a": True})],
)
def test_what_json_writes_differently_differs(value, expected):
    with pytest.raises(WrongResult, match=r"1 of 1 results differ from sequential"):
        verify("c", work(), [1], outcomes(value), [expected])


@pytest.mark.parametrize("value", [float("nan"), [float("nan"), -0.0], {"b": 1, "a": [None, True, "x"]}])
def test_equal_values_are_equal_whatever_they_hold(value):
    verify("c", work(), [1], outcomes(value), [dict(sorted(value.items())) if isinstance(value, dict) else value])


def test_floats_may_differ_as_far_as_the_workload_says_and_nothing_else_may():
    loose = work(tolerance=1e-6)
    verify("c", loose, [1], outcomes([1.0, {"x": 2.0000001}, float("nan")]), [[1.0000001, {"x": 2.0}, float("nan")]])
    for value, expected in [
        (1.00001, 1.0),
        (1, 1.0),
        (2, 1),
        (True, 1.0),
        ([1.0], [1.0, 1.0]),
        ({"x": 1.0}, {"y": 1.0}),
    ]:
        with pytest.raises(WrongResult, match=r"1 of 1 results differ from sequential"):
            verify("c", loose, [1], outcomes(value), [expected])
    with pytest.raises(WrongResult, match=r"differ from sequential"):
        verify("c", work(), [1], outcomes(1.0000001), [1.0])
