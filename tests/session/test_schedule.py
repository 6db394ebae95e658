import itertools

from parabench.session.orders import endless_orders, order_of_passes
from parabench.session.schedule import PASSES_AHEAD, Hooks, Schedule


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def run(schedule, clock, seconds_per_visit):
    made = []
    for _ in range(len(schedule.visits)):
        visit = schedule.next(0.0)
        if visit is not None:
            made.append(visit)
            clock.now += seconds_per_visit
    return made


def test_all_passes_are_made_without_a_budget():
    clock = Clock()
    schedule = Schedule([["a", "b"], ["b", "a"]], None, clock)
    assert run(schedule, clock, 1000.0) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert schedule.left == 0


def test_a_pass_that_would_not_fit_is_dropped_with_all_after_it():
    clock = Clock()
    schedule = Schedule([["a", "b"]] * 5, 7.0, clock)
    assert run(schedule, clock, 1.0) == [(n, place) for n in range(3) for place in range(2)]
    assert schedule.passes == 3
    assert schedule.left == 0


def test_the_first_pass_is_made_whatever_the_budget():
    clock = Clock()
    schedule = Schedule([["a"], ["a"]], 0.5, clock)
    assert run(schedule, clock, 10.0) == [(0, 0)]


def test_what_happens_only_once_does_not_count_for_the_next_pass():
    clock = Clock()
    schedule = Schedule([["a"], ["a"]], 14.0, clock)
    assert schedule.next(0.0) == (0, 0)
    clock.now = 10.0
    assert schedule.next(7.0) == (1, 0), "7 of these 10 seconds are not needed again"


def test_what_is_left_is_known_while_it_runs():
    schedule = Schedule([["a", "b"], ["b", "a"]], None, Clock())
    schedule.next(0.0)
    assert (schedule.done, schedule.left) == (1, 3)


def test_visits_that_are_not_wanted_any_more_are_dropped_and_a_pass_of_none_ends_it():
    clock, wanted, passes = Clock(), {"a", "b"}, []

    def after_pass(number):
        passes.append(number)
        wanted.discard({1: "b", 3: "a"}.get(number))

    orders = [["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"], ["a", "b"]]
    schedule = Schedule(orders, None, clock, hooks=Hooks(wanted=wanted.__contains__, after_pass=after_pass))
    assert run(schedule, clock, 1.0) == [(0, 0), (0, 1), (1, 1), (2, 0)]
    assert passes == [1, 2, 3]
    assert (schedule.passes, schedule.made, schedule.left) == (3, 4, 0)


def test_a_pass_of_few_wanted_visits_still_fits_where_a_whole_one_would_not():
    clock = Clock()
    orders = [["a", "b", "c", "d"]] * 3
    assert len(run(Schedule(orders, 6.0, clock), clock, 1.0)) == 4
    clock = Clock()
    few = Schedule(orders, 6.0, clock, hooks=Hooks(wanted=lambda item: item == "a" or clock.now < 4))
    assert run(few, clock, 1.0) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0)]


def test_what_is_left_counts_wanted_visits_only():
    schedule = Schedule([["a", "b"], ["b", "a"]], None, Clock(), hooks=Hooks(wanted=lambda item: item == "a"))
    assert schedule.next(0.0) == (0, 0)
    assert schedule.left == 1


def test_without_a_number_of_passes_only_the_budget_ends_it_and_orders_are_drawn_as_they_come():
    clock, items, drawn = Clock(), [], []

    def orders():
        for order in endless_orders([["a", "b"]], seed=5):
            drawn.append(order)
            yield order

    schedule = Schedule(orders(), 500.0, clock, hooks=Hooks(announce=items.extend), endless=True)
    assert len(drawn) == PASSES_AHEAD
    made = []
    for item in items:  # the list grows while it is gone through, as pytest's does
        visit = schedule.next(0.0)
        made += [(*visit, item)] if visit else []
        clock.now += visit is not None
    assert len(made) == 500, "250 passes of two visits of a second"
    assert schedule.passes == 250
    assert len(drawn) <= 250 + PASSES_AHEAD
    expected = order_of_passes([["a", "b"]], 250, seed=5)
    assert [item for _, _, item in made] == list(itertools.chain(*expected)), "the same for the same seed"


def test_an_endless_schedule_of_one_cell_always_knows_the_visit_that_comes_next():
    clock, items = Clock(), []
    schedule = Schedule(itertools.repeat(["a"]), 50.0, clock, hooks=Hooks(announce=items.extend), endless=True)
    for place, _ in enumerate(items):
        assert place + 1 < len(items) or schedule.passes is not None
        clock.now += schedule.next(0.0) is not None
    assert schedule.passes == 50


def test_a_block_that_does_not_fit_is_left_out_and_a_shorter_one_is_still_made():
    """Blocks are workloads: a long one must not keep short ones from being settled."""
    clock = Clock()
    seconds = {"long": 10.0, "short": 1.0}
    items = ["long", "short"]
    schedule = Schedule([items] * 4, 15.0, clock, hooks=Hooks(block_of=lambda item: item))
    made = []
    for item in items * 4:
        if (visit := schedule.next(0.0)) is not None:
            made.append((visit[0], item))
            clock.now += seconds[item]
        schedule.settle()
    assert made == [(0, "long"), (0, "short"), (1, "short"), (2, "short"), (3, "short")]
    assert schedule.complete


def test_what_is_optional_in_required_passes_leaves_time_for_what_is_required():
    clock = Clock()
    seconds = {"must": 1.0, "may": 4.0}
    schedule = Schedule(
        [["must", "may"]] * 2, 7.0, clock, hooks=Hooks(optional=lambda item: item == "may"), passes_required=2
    )
    made = []
    for item in ["must", "may"] * 2:
        if (visit := schedule.next(0.0)) is not None:
            made.append((visit[0], item))
            clock.now += seconds[item]
        schedule.settle()
    assert made == [(0, "must"), (0, "may"), (1, "must")], "a second one would end after 10 seconds"
    assert schedule.complete


def test_in_a_short_race_the_second_visit_of_what_runs_by_default_comes_before_what_is_optional():
    optional = Hooks(optional=lambda item: item == "may")
    clock = Clock()
    schedule = Schedule([["must", "may"]] * 3, 2.5, clock, hooks=optional, passes_required=1, passes_reserved=2)
    made = []
    for item in ["must", "may"] * 3:
        if (visit := schedule.next(0.0)) is not None:
            made.append((visit[0], item))
            clock.now += 1.0
        schedule.settle()
    assert made == [(0, "must"), (1, "must")], "the other one would have left no time for the second"


def test_required_passes_are_made_whatever_the_budget():
    clock = Clock()
    schedule = Schedule([["a"]] * 4, 0.5, clock, passes_required=2)
    assert run(schedule, clock, 10.0) == [(0, 0), (1, 0)]


def test_the_share_that_is_done_goes_by_the_budget_where_nobody_knows_the_number_of_passes():
    clock = Clock()
    schedule = Schedule(itertools.repeat(["a"]), 40.0, clock, endless=True)
    schedule.next(0.0)
    clock.now = 10.0
    assert schedule.share_done() == (0.25, 30.0)
    planned = Schedule([["a"]] * 4, None, clock)
    planned.next(0.0)
    clock.now += 5.0
    assert planned.share_done() == (0.25, 15.0)


def test_what_is_recorded_is_made_again_whatever_the_budget_and_nothing_beside_it():
    clock, made = Clock(), []
    recorded = {(0, "must"): 1.0, (0, "may"): 4.0, (1, "must"): 1.0, (1, "may"): 4.0, (2, "must"): 1.0}
    hooks = Hooks(
        optional=lambda item: item == "may",
        block_of=lambda item: item,
        recorded=lambda number, item: recorded.get((number, item)),
        passes_recorded=3,
    )
    items = ["must", "may"]
    schedule = Schedule([items] * 5, 7.0, clock, seconds_before=11.0, hooks=hooks)
    for item in items * 5:
        if (visit := schedule.next(0.0)) is not None:
            made.append((visit[0], item))
        schedule.settle()
    assert made == [*recorded]
    assert schedule.complete


def test_a_recorded_visit_is_made_again_although_nobody_wants_it_any_more():
    recorded = {(0, "a"): 1.0, (2, "a"): 1.0}
    hooks = Hooks(wanted=lambda _: False, recorded=lambda number, item: recorded.get((number, item)), passes_recorded=3)
    schedule = Schedule([["a"]] * 4, None, Clock(), hooks=hooks)
    assert run(schedule, Clock(), 1.0) == [(0, 0), (2, 0)]


def test_a_recorded_visit_is_expected_to_take_what_it_took_when_it_was_measured():
    clock = Clock()
    hooks = Hooks(recorded=lambda number, _: 10.0 if number == 0 else None, passes_recorded=1)
    assert run(Schedule([["a"]] * 2, 15.0, clock, seconds_before=10.0, hooks=hooks), clock, 0.0) == [(0, 0)]


def test_who_ends_by_rules_of_its_own_has_nothing_left_to_make():
    schedule = Schedule(itertools.repeat(["a", "b"]), 40.0, Clock(), endless=True)
    schedule.next(0.0)
    schedule.settle()
    assert not schedule.complete, "an interruption now leaves it so"
    schedule.end()
    assert schedule.complete
    assert (schedule.done, schedule.left) == (len(schedule.visits), 0)
