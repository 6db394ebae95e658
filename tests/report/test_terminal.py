import pytest

from parabench.analyse.ranking import Ratio, rank
from parabench.records import Cell, CellRecord, Unavailable, Visit
from parabench.report.quantities import seconds_text
from parabench.report.terminal import progress_line, ratio_text, summary
from parabench.workload import Limit


def record(model, *seconds, unavailable=None, failure=None, workload="primes"):
    cell = Cell(workload=workload, model=model, kind="cpu", workers=2, size="small", unavailable=unavailable)
    visits = [
        Visit(
            pass_number=number,
            position=0,
            seconds_open=0.0,
            seconds_first_batch=value,
            seconds_per_round=(value,),
            seconds_cpu=0.0,
            seconds_cpu_user=0.0,
            seconds_cpu_system=0.0,
            context_switches_voluntary=0,
            context_switches_involuntary=0,
            processes=1,
            threads=1,
            bytes_read=None,
            bytes_written=None,
            gil_enabled_at_start=True,
            gil_enabled_at_end=True,
            blind=None,
        )
        for number, value in enumerate(seconds)
    ]
    return CellRecord(cell, tasks=8, visits=visits, failure=failure)


def told(*records, limits=(), notes=()):
    groups = {}
    for one in records:
        if one.valid:
            groups.setdefault(one.cell.workload, {})[one.label] = one.seconds_by_pass
    rankings = {workload: rank(passes) for workload, passes in groups.items()}
    return summary(rankings, records, dict(limits), notes=notes, width=200, colour=False)


def test_the_closing_table_answers_the_question():
    text = told(
        record("sequential", 2.0, 2.02, 1.99),
        record("process-pool-fork", 1.0, 1.01, 0.99),
        limits={"primes-process-pool-fork": Limit(0.9, "two cores")},
    )
    row = next(line for line in text.splitlines() if line.startswith("primes"))
    assert "process-pool-fork" in row
    assert "2.00x [" in row
    assert " 90 %" in row
    assert row.endswith("wins: sequential takes 2.00x [1.99, 2.02]")
    assert "n = 3 passes" in text
    assert text.startswith("Who wins in this session\n")
    assert "it is about this session, other sessions differ by more" in text


def test_a_tie_is_said_and_names_its_members():
    text = told(record("sequential", 1.0, 1.1, 0.9), record("thread-pool", 1.05, 0.95, 1.0))
    assert "tie with " in text


def test_sequential_as_the_best_has_no_speed_up_over_itself():
    text = told(record("sequential", 1.0, 1.0, 1.01), record("thread-pool", 2.0, 2.1, 2.0))
    assert "is sequential" in text


def test_failures_are_told_by_their_first_line_and_kept_out():
    text = told(
        record("sequential", 1.0), record("mp-pool", 0.1, failure="cell x: 1 of 8 tasks failed\nlong traceback")
    )
    assert "Failed, and kept out of every comparison:" in text
    assert "primes-mp-pool: cell x: 1 of 8 tasks failed" in text
    assert "long traceback" not in text
    assert "only model measured" in text


def test_what_could_not_run_is_told_with_its_reason_and_remedy():
    missing = Unavailable("gevent is not installed", 'pip install "parabench[gevent]"')
    text = told(*(record("gevent", unavailable=missing, workload=workload) for workload in ("primes", "files")))
    assert 'gevent (2 cells): gevent is not installed -> pip install "parabench[gevent]"' in text


def test_an_unknown_ideal_is_unknown_not_zero():
    text = told(record("sequential", 1.0), limits={"primes-sequential": Limit(None, "nobody knows")})
    assert "unknown" in next(line for line in text.splitlines() if line.startswith("primes"))


def test_notes_are_never_wrapped():
    note = "Stored as " + "x" * 300
    assert note in told(record("sequential", 1.0), notes=[note])


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 us"), (3.2e-8, "32 ns"), (123.4, "123 s")]
)
def test_times_carry_their_unit(seconds, text):
    assert seconds_text(seconds) == text


def test_a_ratio_of_one_pass_has_no_interval():
    assert ratio_text(Ratio(ratio=2.0, low=None, high=None, pairs=1)) == "2.00x [unknown: 1 pass]"
    assert ratio_text(Ratio(ratio=2.0, low=0.001, high=9e9, pairs=2)) == "2.00x [unknown: 2 passes]"
    assert ratio_text(None) == "-"


def test_the_progress_line_says_where_and_how_many_are_left():
    assert progress_line(3, 7, 1, 2, "primes-thread-pool") == "[3/10] pass 1 of 2: primes-thread-pool (7 left)"
