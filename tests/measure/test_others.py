"""What other programs take is what the cores did less what we did."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator

import pytest

from parabench.machine.readings import CpuTicks
from parabench.measure.others import NOT_COUNTED, Others


def counting(*readings: object) -> Callable[[], object]:
    left = iter(readings)
    return lambda: next(left)


@pytest.mark.parametrize(
    ("busy", "ours", "share", "too_much"),
    [(100, 1.0, 0.0, False), (100, 0.5, 0.25, True), (100, 0.7, 0.15, False), (10, 2.0, 0.0, False)],
)
def test_the_share_is_what_is_not_ours(busy: int, ours: float, share: float, too_much: bool) -> None:
    others = Others(
        counting(CpuTicks(0, 0, 0), CpuTicks(busy, 0, 200)),  # type: ignore[arg-type]
        counting(5.0, 5.0 + ours),  # type: ignore[arg-type]
        ticks_per_second=100,
    )
    found = others.share()
    assert (found.share, found.too_much) == (pytest.approx(share), too_much)


def test_a_few_ticks_of_a_short_visit_say_nothing() -> None:
    others = Others(
        counting(CpuTicks(0, 0, 0), CpuTicks(4, 0, 8)),  # type: ignore[arg-type]
        lambda: 0.0,
        ticks_per_second=100,
    )
    assert not others.share().too_much


def test_where_nobody_counts_it_is_unknown_and_said() -> None:
    found = Others(lambda: None, lambda: 0.0).share()
    assert (found.share, found.reason) == (None, NOT_COUNTED)
    still = Others(lambda: CpuTicks(1, 0, 1), lambda: 0.0).share()
    assert (still.share, still.reason) == (None, "it ended before the kernel's counters moved")


def _burn() -> None:
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass


@pytest.fixture
def busy() -> Iterator[None]:
    process = multiprocessing.get_context("fork").Process(target=_burn)
    process.start()
    yield
    process.join()


@pytest.mark.usefixtures("busy")
def test_what_a_process_of_ours_takes_is_not_taken_by_others() -> None:
    """Real counters: a child burns a core, and it is ours, before it is waited for and after."""
    others, ignoring = Others(), Others(seconds_ours=lambda: 0.0)
    time.sleep(0.4)
    found, all_of_it = others.share().share, ignoring.share().share
    if found is None or all_of_it is None:
        pytest.skip("nobody counts here")
    assert found < all_of_it
