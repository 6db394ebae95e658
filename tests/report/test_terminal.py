import pytest
from answers import answer, choice

from parabench.records import Cell, CellRecord, Unavailable
from parabench.report.answers_table import answers_text, speedup_text, sure_text
from parabench.report.quantities import seconds_text
from parabench.report.terminal import Standing, progress_line, summary

SIMPLEST_OF_TWO = "the simplest of those that are at most 5% slower than the best: mp-pool, process-pool-fork"


def record(model, *, unavailable=None, failure=None, workload="primes"):
    cell = Cell(workload=workload, model=model, kind="cpu", workers=2, size="small", unavailable=unavailable)
    return CellRecord(cell, tasks=8, failure=failure)


def told(*records, answers=(), notes=(), width=200):
    return summary(list(answers), records, notes=notes, width=width, colour=False)


def test_the_closing_table_answers_the_question():
    text = told(answers=[answer(others=((choice("thread-pool", family="threads"), 0.52),), share_of_limit=0.93)])
    lines = text.splitlines()
    assert lines[0] == "What to use"
    assert lines[1].split("  ")[0] == "work", "at the left margin"
    row = lines[2]
    assert "processes: mp-pool" in row
    assert "1.84x [1.76, 1.93]" in row
    assert " 93 %" in row
    assert row.endswith("settled; thread-pool x2 0.52 of it")
    assert "it is about this session, other sessions differ by more" in " ".join(text.split())


def test_it_is_said_what_the_intervals_are_about():
    machine = answer(about="the machine")
    assert "it is about this machine: earlier sessions tell how much they differ, and from four on count" in flat(
        told(answers=[machine])
    )
    both = flat(told(answers=[machine, answer(workload="other")]))
    assert "it is about this machine for count-primes, of which earlier sessions tell, else about this session." in both


def flat(text):
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "settled"),
        ({"equals": (choice("process-pool-fork"),)}, "settled; as good: process-pool-fork x2"),
        (
            {"equals": (choice("process-pool-fork"),), "reason": SIMPLEST_OF_TWO},
            "settled, as the simplest; as good: process-pool-fork x2",
        ),
        (
            {"settled": False, "equals": (choice("a"), choice("b"), choice("c"))},
            "processes for sure; which is open: a x2, b x2 and 1 more may be faster",
        ),
        (
            {"settled": False, "family_settled": False, "equals": (choice("asyncio", family="asyncio"),)},
            "open: asyncio x2 may be faster",
        ),
        ({"settled": False, "family_settled": False, "visits": 1}, "one pass says nothing about chance"),
        (
            {"settled": False, "visits": 1, "equals": (choice("a"), choice("b", family="threads"))},
            "processes for sure; which is open: a x2 may be faster",
        ),
        ({"settled": False}, "processes for sure; which is open"),
    ],
)
def test_how_sure_it_is_is_said_in_words(given, text):
    assert sure_text(answer(**given)) == text


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_the_table_fits_the_terminal_and_cuts_no_name(width):
    long = answer(
        workload="github-loopback-requests",
        use=choice("asyncio-to-thread", family="threads", workers=128),
        equals=(choice("thread-per-task", family="threads", workers=128),),
        reason=SIMPLEST_OF_TWO,
    )
    lines = [line.plain for line in answers_text([answer(), long], width)]
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for part in ("github-loopback-requests", "asyncio-to-thread", "128", "1.84x [1.76, 1.93]", "thread-per-task"):
        assert part in text
    assert ("of limit" in text) == (width >= 100)


def test_sequential_as_the_best_has_no_speed_up_over_itself():
    assert speedup_text(answer(use=choice("sequential", family="baseline", workers=1))) == "is sequential"


def test_a_speed_up_that_says_nothing_is_unknown():
    assert speedup_text(answer(low=None, high=None)) == "1.84x [unknown: 1 pass]"
    assert speedup_text(answer(low=0.001, high=9e9)) == "1.84x [unknown: 4 visits]"
    assert speedup_text(answer(speedup=None)) == "-"


def test_failures_are_told_by_their_first_line_and_kept_out():
    text = told(record("sequential"), record("mp-pool", failure="cell x: 1 of 8 tasks failed\nlong traceback"))
    assert "Failed, and kept out of every comparison:" in text
    assert "primes-mp-pool: cell x: 1 of 8 tasks failed" in text
    assert "long traceback" not in text


def test_cells_that_fail_alike_share_a_line():
    reason = "cell primes-{}: 8 of 8 tasks failed\nlong traceback"
    text = told(*(record(model, failure=reason.format(model)) for model in ("mp-pool", "asyncio")))
    assert "  primes-asyncio, primes-mp-pool (2 cells): 8 of 8 tasks failed" in text


def test_what_could_not_run_is_told_with_its_reason_and_remedy():
    missing = Unavailable("gevent is not installed", 'pip install "parabench[gevent]"')
    text = told(*(record("gevent", unavailable=missing, workload=workload) for workload in ("primes", "files")))
    assert 'gevent (2 cells): gevent is not installed -> pip install "parabench[gevent]"' in text


def test_an_unknown_limit_is_a_dash_not_zero():
    assert "  -  " in told(answers=[answer(share_of_limit=None)])


def test_notes_are_never_wrapped():
    note = "Stored as " + "x" * 300
    assert note in told(record("sequential"), notes=[note])


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 us"), (3.2e-8, "32 ns"), (123.4, "123 s")]
)
def test_times_carry_their_unit(seconds, text):
    assert seconds_text(seconds) == text


def test_the_progress_line_says_how_far_how_long_what_is_settled_and_what_runs():
    assert progress_line(0.25, 30.0, Standing(10, 3, 0), "primes-mp-pool") == (
        "[#####...............]  25%, 30 s left, 3 of 10 settled: primes-mp-pool"
    )
    assert "30 s left, 3 of 10 settled, 4 by family: x" in progress_line(0.25, 30.0, Standing(10, 3, 4), "x")
    assert progress_line(1.3, -3.0, None, "x", 12.4) == "[####################] 100%, 0 s left: x (12 s)"
