"""Races on simulated machines: who is dropped, who wins, and how often that is wrong."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from parabench.analyse.moderated import NO_PRIOR, Prior
from parabench.analyse.race import PASSES_FRESH, PASSES_LEAST, Race
from parabench.report.terminal import sure_text

PRIOR = Prior(variance=2 * 0.03**2, degrees=4.0)
PRIOR_OF_QUIET = Prior(variance=2 * 0.005**2, degrees=20.0)


def race(source: random.Random, truth: dict[str, float], *, noise: float = 0.03, passes: int = 40) -> tuple[Race, int]:
    """A race over at most so many passes, and the number of visits that it took."""
    one, seconds = Race(frozenset(truth)), {model: {} for model in truth}
    visits = 0
    for number in range(passes):
        common = source.gauss(0, 0.2)  # of the pass: the machine is slower for all of them
        for model in one.running:
            seconds[model][number] = truth[model] * math.exp(common + source.gauss(0, noise))
            visits += 1
        one.look(seconds, number + 1, PRIOR)
        if one.settled:
            break
    return one, visits


def test_equal_models_hardly_ever_have_a_winner() -> None:
    source, runs = random.Random(1), 200
    found = [race(source, dict.fromkeys("abcdef", 1.0))[0] for _ in range(runs)]
    winners = sum(one.confirmed is not None for one in found)
    lost = sum(len(one.equals or one.running) < 6 for one in found)
    print(f"{winners} of {runs} races of six equals have a winner, in {lost} one was dropped")
    assert winners <= 4, "5 % of 5 % in theory; more than 4 of 200 have a probability below 1e-4"
    assert lost <= 19, "5 % in theory; more than 19 of 200 have a probability below 1e-3"


def test_a_winner_is_found_and_the_losers_save_visits() -> None:
    source, runs = random.Random(2), 100
    truth = {"fast": 1.0, "close": 1.1, **{f"slow{number}": 2.0 for number in range(6)}}
    found = [race(source, truth) for _ in range(runs)]
    right = sum(one.confirmed is not None and one.winner == "fast" for one, _ in found)
    wrong = sum(one.confirmed is not None and one.winner != "fast" for one, _ in found)
    visits = sum(visits for _, visits in found) / runs
    print(f"right {right}, wrong {wrong} of {runs}; {visits:.0f} visits a race, {8 * 40} without dropping")
    assert wrong == 0
    assert right >= 95
    assert visits < 8 * 40 / 3


def test_models_within_five_per_cent_are_equals_in_the_end() -> None:
    source = random.Random(3)
    found = [race(source, {"a": 1.0, "b": 1.002, "slow": 3.0}, noise=0.01)[0] for _ in range(50)]
    equal = [one for one in found if one.equals]
    assert len(equal) >= 45
    assert all(set(one.equals) == {"a", "b"} and one.settled for one in equal)


def test_the_table_names_the_confirmed_winner_on_a_machine_that_gets_slower() -> None:
    """Losers are dropped after pass 3, before the machine gets 20 % slower: their own medians are the smallest."""
    source, runs = random.Random(4), 60
    truth = {"fast": 1.0, "close": 1.05, "sequential": 1.1, **{f"slow{number}": 1.15 for number in range(3)}}
    confirmed = named = by_own_medians = 0
    for _ in range(runs):
        one, seconds = Race(frozenset(truth)), {model: {} for model in truth}
        for number in range(40):
            for model in one.running:
                slower = 1.2 if number >= PASSES_LEAST else 1.0
                seconds[model][number] = truth[model] * slower * math.exp(source.gauss(0, 0.005))
            one.look(seconds, number + 1, PRIOR_OF_QUIET)
            if one.settled:
                break
        standing = one.standing(seconds, PRIOR_OF_QUIET)
        assert standing is not None
        confirmed += one.confirmed is not None and one.winner == "fast"
        told = sure_text(standing, one)
        named += standing.best == "fast" and told.startswith(f"wins: {one.rival} takes ")
        own = {model: statistics.median(passes.values()) for model, passes in seconds.items()}
        by_own_medians += min(own, key=own.__getitem__) == "fast"
        assert standing.seconds["sequential"] / standing.seconds["fast"] == pytest.approx(1.1, rel=0.03)
    print(f"confirmed {confirmed}, named {named} of {runs}; by medians over different passes {by_own_medians}")
    assert (confirmed, named) == (runs, runs)
    assert by_own_medians < 0.8 * runs, "else the machine of this test leads nobody astray"


def test_an_unsettled_race_stands_where_its_running_models_stand() -> None:
    one = Race(frozenset("abc"))
    seconds = even({"a": 1.0, "b": 1.0}, 6) | even({"c": 0.9}, 3)
    one.running = frozenset("ab")
    standing = one.standing(seconds, NO_PRIOR)
    assert standing is not None
    assert set(standing.leaders) == {"a", "b"}, "c was dropped, however small its median"
    assert Race(frozenset("ab")).standing({}, NO_PRIOR) is None


def even(model: dict[str, float], passes: int) -> dict[str, dict[int, float]]:
    """Passes that hardly differ."""
    return {
        name: {number: seconds * (1 + 1e-4 * (number % 3)) for number in range(passes)}
        for name, seconds in model.items()
    }


def test_a_winner_needs_passes_that_had_no_part_in_picking_it() -> None:
    one = Race(frozenset("ab"))
    for passes in range(1, PASSES_LEAST + PASSES_FRESH):
        one.look(even({"a": 1.0, "b": 2.0}, passes), passes, NO_PRIOR)
        assert not one.settled
        assert (one.winner == "a") == (passes >= PASSES_LEAST)
    passes = PASSES_LEAST + PASSES_FRESH
    one.look(even({"a": 1.0, "b": 2.0}, passes), passes, NO_PRIOR)
    assert one.settled
    assert one.confirmed is not None
    assert one.confirmed.pairs == PASSES_FRESH
    assert one.confirmed.ratio == pytest.approx(2.0)


def test_a_winner_that_fresh_passes_contradict_runs_on() -> None:
    one, seconds = Race(frozenset("ab")), even({"a": 1.0, "b": 2.0}, 3)
    one.look(seconds, 3, NO_PRIOR)
    assert (one.winner, one.rival) == ("a", "b")
    for number in range(3, 6):
        seconds["a"][number], seconds["b"][number] = 2.0 + number / 100, 1.0
    one.look(seconds, 6, NO_PRIOR)
    assert (one.winner, one.running, one.settled) == (None, frozenset("ab"), False)


def test_a_model_that_failed_drops_out_and_a_lone_one_is_settled() -> None:
    one = Race(frozenset("ab"))
    one.look(even({"a": 1.0, "b": 2.0}, 3), 3, NO_PRIOR)
    one.look(even({"b": 2.0}, 4), 4, NO_PRIOR)
    assert (one.winner, one.settled) == ("b", True)
    assert one.confirmed is None, "there was nothing to confirm it against"
    nobody = Race(frozenset("ab"))
    nobody.look({}, 3, NO_PRIOR)
    assert nobody.settled
