"""The no-op returns its item and claims no ideal time."""

import asyncio

from parabench.workload import LimitCase
from workloads import overhead


def test_both_twins_return_the_item():
    assert overhead.no_op(7) == 7
    assert asyncio.run(overhead.no_op_async(7)) == 7


def test_check_refuses_another_item():
    assert overhead.no_op_check(7, 7)
    assert not overhead.no_op_check(7, 8)


def test_there_is_no_ideal_time_for_no_work():
    case = LimitCase(items=[1], settings={}, workers=2, cores_usable=2, seconds_sequential=0.1)
    limit = overhead.NO_OP.limit(case)
    assert limit.seconds is None
    assert limit.reason == "there is no work: all time is the model's own cost"
