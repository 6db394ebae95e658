"""The probe sees what a function does behind its back; each trap is a function of `jobs_for_tests`."""

from __future__ import annotations

import multiprocessing
import sys
from collections import Counter
from pathlib import Path

import pytest

from parabench.advise.ledger import Ledger
from parabench.advise.prediction import Machine
from parabench.advise.probe import Probe
from parabench.advise.prober import ALONE, SECONDS_TINY, Prober
from parabench.advise.target import Target, target_of
from parabench.advise.watching import where
from parabench.advise.words import causes, warnings
from parabench.advise.work import Dealer, Work
from parabench.explain.facts import WAITING
from parabench.measure.wait_sites import why_unseen

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def found_by_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    monkeypatch.chdir(tmp_path)


def probed(
    name: str, items=tuple(range(20)), timeout: float = 20.0, calls: int = 400, most: int | None = 2, **fields
) -> tuple[Work, Probe]:
    work = Work(target=target_of(f"jobs_for_tests.py:{name}", HERE), items=list(items), **fields)
    ledger = Ledger(calls)
    probe = Prober(work, ledger, budget=20.0, call_timeout=timeout, most=most).run()
    assert ledger.made <= calls
    return work, probe


def setup(name: str) -> Target:
    return target_of(f"jobs_for_tests.py:{name}", HERE)


def kinds(work: Work, probe: Probe) -> set[str]:
    return {warned.kind for warned in warnings(work, probe)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("prints", "prints"),
        ("logs", "prints"),
        ("own_threads", "oversubscribed"),
        ("own_processes", "own-processes"),
        ("raises_on_some", "raises"),
        ("exits", "raises"),
        ("depends_on_order", "state"),
        ("by_chance", "not-repeatable"),
        ("not_pickled", "value-not-pickled"),
        ("leaves_files", "files"),
        ("remembers", "remembers"),
        ("returns_much", "large-results"),
    ],
)
def test_traps_are_told(name: str, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    work, probe = probed(name)
    assert probe.fatal is None
    assert kind in kinds(work, probe)
    assert capfd.readouterr() == ("", "")  # what the function prints is kept out of the answer


def test_a_coroutine_that_blocks_its_loop_is_told() -> None:
    work, probe = probed("blocks_its_loop")
    assert probe.fatal is None
    assert "blocks-loop" in kinds(work, probe)
    assert "blocks-loop" not in kinds(*probed("awaits"))


def test_a_call_of_a_microsecond_is_timed_by_the_batch() -> None:
    _, probe = probed("plain")
    assert 0 < probe.seconds == probe.seconds_longest < SECONDS_TINY
    assert probe.seconds_cpu <= probe.seconds * 1.001  # but for rounding


def test_a_cache_is_told_with_what_a_call_takes_before_and_after() -> None:
    work, probe = probed("remembers")
    assert probe.seconds_again < 0.25 * probe.seconds
    (told,) = [warned.text for warned in warnings(work, probe) if warned.kind == "remembers"]
    assert f"a call takes {1000 * probe.seconds:.3g} ms, and {1000 * probe.seconds_again:.2g} ms " in told


def test_blas_is_told_with_the_variables_that_limit_it() -> None:
    pytest.importorskip("numpy")
    work, probe = probed("multiplies")
    assert "numpy" in probe.traces["blas"]
    probe.cores_used = 2.0  # whether BLAS has threads here is the machine's affair
    (told,) = [warned.text for warned in warnings(work, probe) if warned.kind == "oversubscribed"]
    assert "limit them with OMP_NUM_THREADS=1 or OPENBLAS_NUM_THREADS=1" in told


@pytest.mark.parametrize("start_method", ["fork", "forkserver", "spawn"])
def test_processes_are_counted_once_however_they_start(start_method: str) -> None:
    if start_method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no start method '{start_method}'")
    work, probe = probed("own_process_by", [start_method] * 20)
    assert probe.fatal is None
    assert "own-processes" in kinds(work, probe)
    assert probe.traces["processes"] == ALONE, "one of each call that is looked at"


@pytest.mark.parametrize("name", ["plain", "decorated", "client.fetch"])
def test_nothing_is_told_of_functions_without_traps(name: str) -> None:
    work, probe = probed(name)
    assert probe.fatal is None
    assert kinds(work, probe) == set()


def test_items_that_are_changed_are_copied() -> None:
    work, probe = probed("mutates", [{"n": number} for number in range(8)])
    assert work.copies
    assert "mutates-item" in kinds(work, probe)
    assert not probe.stateful
    assert probe.deterministic


def test_a_setup_gives_the_second_argument() -> None:
    _, probe = probed("needs_connection", setup=setup("connection"))
    assert (probe.raised, probe.fatal) == (0, None)
    _, probe = probed("needs_connection")
    assert probe.raised > 0


def test_a_setup_that_raises_is_the_reason_why_there_is_no_advice() -> None:
    for dealer in (None, Dealer(range(20))):
        _, probe = probed("needs_connection", setup=setup("refused"), dealer=dealer)
        assert probe.fatal is not None
        assert probe.fatal[0] == "not-run"
        assert probe.fatal[1].startswith("ConnectionRefusedError: nobody listens (raised around the call")


def test_a_setup_that_works_for_one_worker_only_is_left_to_the_race() -> None:
    _, probe = probed("waits_with", setup=setup("one_at_a_time"))
    assert probe.fatal is None
    assert probe.cut_short
    assert set(probe.threads) == {1}


@pytest.mark.parametrize("name", ["connection", "slow_setup"])
def test_the_time_a_call_may_take_is_no_limit_for_a_batch_or_for_opening(name: str) -> None:
    _, probe = probed("waits_with", setup=setup(name), timeout=0.1)
    assert probe.fatal is None
    assert probe.seconds > 0


def test_a_setup_that_takes_too_long_is_not_called_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parabench.advise.probe_cells.SECONDS_TO_OPEN", 0.3)
    _, probe = probed("needs_connection", setup=setup("slow_setup"), timeout=0.1)
    assert probe.fatal is not None
    assert probe.fatal[0] == "not-run"
    assert "gave no answer to 'open'" in probe.fatal[1]


def test_a_call_that_never_returns_is_given_up() -> None:
    _, probe = probed("never_returns", timeout=0.5)
    assert probe.fatal is not None
    kind, text = probe.fatal
    assert kind == "never-returns"
    assert "a call did not return within 0.5 s" in text


def test_a_call_that_ends_the_process_is_told() -> None:
    _, probe = probed("ends_the_process")
    assert probe.fatal is not None
    assert probe.fatal[0] == "ends-process"
    assert "exit status 3" in probe.fatal[1]


def test_without_calls_left_the_probe_stops_where_it_is() -> None:
    _, probe = probed("plain", calls=5)
    assert probe.cut_short


def test_where_no_item_may_run_twice_none_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tmp_path / "calls"
    monkeypatch.setenv("CALLS_FILE", str(calls))
    work, probe = probed("counts", range(30), dealer=Dealer(range(30)))
    assert probe.fatal is None
    assert work.dealer is not None
    assert len(calls.read_bytes()) == 30 - work.dealer.left


@pytest.mark.parametrize(("most", "in_flight"), [(1, 1), (None, 32)])
@pytest.mark.parametrize("calls", [0, 400])
def test_what_may_be_in_flight_is_known_however_early_the_probe_ends(
    most: int | None, in_flight: int, calls: int
) -> None:
    _, probe = probed("takes_a_moment", range(12), dealer=Dealer(range(12)), most=most, calls=calls)
    assert probe.in_flight_most == in_flight
    assert set(probe.threads) <= set(range(1, in_flight + 1))


@pytest.mark.skipif(why_unseen() is not None, reason="this system does not show where threads wait")
@pytest.mark.parametrize(("name", "place"), [("waits", "in a sleep"), ("reads_slowly", "for a socket")])
def test_where_a_call_waits_is_told(name: str, place: str) -> None:
    _, probe = probed(name)
    assert where(probe.wait_sites) == place
    [waiting] = [cause.text for cause in causes(probe, Machine(2, {}), None) if cause.cause == WAITING]
    assert f"% of a call is waiting {place}, which costs no core" in waiting


def test_a_thread_of_its_own_that_hardly_computes_is_not_what_a_call_waits_for() -> None:
    work, probe = probed("reads_slowly")
    assert probe.seconds > 0.1, "it waits for so long, whatever its timer's thread takes"
    assert not probe.computes
    assert "oversubscribed" not in kinds(work, probe)


def test_where_a_call_waits_is_not_told_of_a_few_looks_or_of_looks_that_disagree() -> None:
    assert where(Counter(running=30, sleep=4)) is None
    assert where(Counter(socket=5, sleep=5)) is None
    assert where(Counter(running=30, socket=9, sleep=1)) == "for a socket"
    assert where(Counter(other=20)) is None
