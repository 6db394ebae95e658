"""How often the GIL is held is seen on a machine however busy."""

from __future__ import annotations

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


def test_a_system_that_does_not_tell_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parabench.advise.gil_looks._switches", lambda: None)
    assert call_each([1], waits) is None
