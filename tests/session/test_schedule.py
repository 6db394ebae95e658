from parabench.session.schedule import Schedule


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def run(schedule, clock, seconds_per_visit, seconds_once=0.0):
    made = []
    for _ in range(len(schedule.visits)):
        visit = schedule.next(seconds_once)
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
    assert run(schedule, clock, 10.0, seconds_once=7.0) == [(0, 0), (1, 0)]


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
    schedule = Schedule(orders, None, clock, wanted=wanted.__contains__, after_pass=after_pass)
    assert run(schedule, clock, 1.0) == [(0, 0), (0, 1), (1, 1), (2, 0)]
    assert passes == [1, 2, 3]
    assert (schedule.passes, schedule.made, schedule.left) == (3, 4, 0)


def test_a_pass_of_few_wanted_visits_still_fits_where_a_whole_one_would_not():
    clock = Clock()
    orders = [["a", "b", "c", "d"]] * 3
    assert len(run(Schedule(orders, 6.0, clock), clock, 1.0)) == 4
    clock = Clock()
    few = Schedule(orders, 6.0, clock, wanted=lambda item: item == "a" or clock.now < 4)
    assert run(few, clock, 1.0) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0)]


def test_what_is_left_in_a_pass_is_known():
    schedule = Schedule([["a", "b"], ["b", "a"]], None, Clock(), wanted=lambda item: item == "a")
    assert schedule.next(0.0) == (0, 0)
    assert (schedule.left_in_pass, schedule.left) == (0, 1)
