"""What a race has shown goes before what was predicted."""

from parabench.advise.recommendation import WORTH, not_slower, plain_unless_worth_it
from parabench.analyse.ranking import Ratio

THREADS, PROCESSES = ("thread-pool", 2, "1"), ("process-pool-fork", 2, "1")


def seen(ratio: float) -> Ratio:
    return Ratio(ratio=ratio, low=None, high=None, pairs=2)


def test_no_prediction_speaks_for_what_was_seen_to_be_slower_than_a_plain_loop() -> None:
    assert not_slower([THREADS, PROCESSES], {THREADS: seen(0.85), PROCESSES: seen(1.2)}) == [PROCESSES]
    assert not_slower([THREADS, PROCESSES], {THREADS: seen(0.97)}) == [THREADS, PROCESSES], "within noise, and not seen"


def test_where_everything_was_slower_something_is_recommended_all_the_same() -> None:
    assert not_slower([THREADS], {THREADS: seen(0.5)}) == [THREADS]


def test_what_gains_next_to_nothing_is_not_worth_its_workers() -> None:
    plain = ("sequential", 1, "1")
    ratios = {plain: seen(1.0), THREADS: seen(WORTH - 0.01), PROCESSES: seen(WORTH)}
    assert plain_unless_worth_it(THREADS, ratios) == plain
    assert plain_unless_worth_it(PROCESSES, ratios) == PROCESSES
    assert plain_unless_worth_it(THREADS, {THREADS: seen(1.01)}) == THREADS, "a loop that was not raced is not advised"
    assert plain_unless_worth_it(("mp-pool", 2, "1"), ratios) == ("mp-pool", 2, "1"), "nothing was seen of it"
