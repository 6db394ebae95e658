"""What a race has shown goes before what was predicted."""

from parabench.advise.recommendation import not_slower
from parabench.analyse.ranking import Ratio

THREADS, PROCESSES = ("thread-pool", 2, "1"), ("process-pool-fork", 2, "1")


def seen(ratio: float) -> Ratio:
    return Ratio(ratio=ratio, low=None, high=None, pairs=2)


def test_no_prediction_speaks_for_what_was_seen_to_be_slower_than_a_plain_loop() -> None:
    assert not_slower([THREADS, PROCESSES], {THREADS: seen(0.85), PROCESSES: seen(1.2)}) == [PROCESSES]
    assert not_slower([THREADS, PROCESSES], {THREADS: seen(0.97)}) == [THREADS, PROCESSES], "within noise, and not seen"


def test_where_everything_was_slower_something_is_recommended_all_the_same() -> None:
    assert not_slower([THREADS], {THREADS: seen(0.5)}) == [THREADS]
