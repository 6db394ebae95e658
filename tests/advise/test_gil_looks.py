"""How often the GIL is held is seen on a machine however busy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib

import pytest

from parabench.advise.calling import call_each
from parabench.machine.gil import gil_enabled

DATA = bytes(range(256)) * 4000

pytestmark = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to be held")


def computes(item):
    return sum(step * item % 7 for step in range(100_000))


def compresses(item):
    return len(zlib.compress(DATA))


def waits(item):
    time.sleep(0.01)


@pytest.mark.parametrize(("function", "held"), [(computes, True), (compresses, False), (waits, False)])
def test_what_holds_the_gil_is_told_from_what_lets_go_of_it(function, held: bool) -> None:
    looked = call_each(list(range(12)), function)
    assert looked is not None
    assert looked[1] > 5
    assert (looked[0] / looked[1] > 0.5) is held


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
@pytest.mark.parametrize(("function", "held"), [(computes, True), (compresses, False), (waits, False)])
def test_it_is_told_on_a_core_that_others_use_as_well(function, held: bool) -> None:
    cores = os.sched_getaffinity(0)

    def function_there(item):
        os.sched_setaffinity(0, {min(cores)})  # this thread alone: the one that looks stays free
        return function(item)

    others = []
    try:
        os.sched_setaffinity(0, {min(cores)})  # what starts now inherits it
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
        os.sched_setaffinity(0, cores)
        looked = []
        for _ in range(3):
            looked.append(call_each(list(range(12)), function_there))
            os.sched_setaffinity(0, cores)
    finally:
        os.sched_setaffinity(0, cores)
        for other in others:
            other.kill()
            other.wait()
    shares = [one[0] / one[1] for one in looked if one is not None]
    assert len(shares) == 3
    assert {share > 0.5 for share in shares} == {held}


def test_a_system_that_does_not_tell_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parabench.advise.gil_looks._switches", lambda: None)
    assert call_each([1], waits) is None
