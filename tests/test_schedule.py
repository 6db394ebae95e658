from parabench.schedule import Schedule


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
