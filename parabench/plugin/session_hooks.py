"""What the plugin does once a test asks for cells: they become items, and passes revisit them in random order.

pytest-benchmark keeps the rounds. Every import here is paid for by sessions that measure, and by no others.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from parabench.errors import (
    BenchmarkPluginMissing,
    JournalNotWritable,
    NoWorkloads,
    ParabenchError,
    SessionNotStored,
    spelled,
)
from parabench.errors.visible import for_terminal, one_line
from parabench.history.session_journal import Unfinished, left_behind, to_resume
from parabench.machine.fingerprint import machine_info, take_fingerprint
from parabench.measure import cell_clock as clock
from parabench.plugin.cell_items import TAKES, make_items, nothing_to_measure, reason_of, settle_cells, why_none_can_run
from parabench.plugin.failures import tell_each_once
from parabench.plugin.measured_cell import CELL, REPORTS, SESSION, UNAVAILABLE, VISIT
from parabench.plugin.progress import PROGRESS, Progress
from parabench.plugin.pytest_options import options_of
from parabench.plugin.refusal import refused
from parabench.plugin.reporting import (
    pytest_report_teststatus,
    pytest_terminal_summary,
    report_once,
    say_concern,
    say_whom_for,
)
from parabench.plugin.visits import schedule_of
from parabench.session.interruptions import held
from parabench.session.options import Options, folder_of
from parabench.session.schedule import Schedule
from parabench.session.session import Session

__all__ = ["pytest_report_teststatus", "pytest_terminal_summary"]  # they are hooks, too

OPTIONS = pytest.StashKey[Options]()
NOTES = pytest.StashKey[list[str]]()
RESUMED = pytest.StashKey[Unfinished]()
SCHEDULE: pytest.StashKey[Schedule[pytest.Item]] = pytest.StashKey()


def begin(config: pytest.Config) -> None:
    """Check every option. Raises InvalidOption, or what is wrong with the session to resume or to compare with."""
    options = options_of(config)
    if options.resume:
        resumed = config.stash[RESUMED] = session_to_resume(options)
        options = options_of(config, resumed.entries.header["options"])
    config.stash[OPTIONS] = options
    if config.pluginmanager.hasplugin("benchmark") and options.workloads_dir.is_dir():
        from parabench.plugin.pytest_benchmark import redirect_comparison

        config.stash[NOTES] = [*redirect_comparison(config, options), *unfinished_notes(options, config.stash)]


def session_to_resume(options: Options) -> Unfinished:
    """The session that --resume goes on with. Raises NothingToResume."""
    return to_resume(options.results, folder_of(options), take_fingerprint())


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what the user should know before anything runs."""
    return [f"parabench: {for_terminal(note)}" for note in config.stash.get(NOTES, [])]


def unfinished_notes(options: Options, stash: pytest.Stash) -> list[str]:
    """What earlier sessions of this fingerprint have left behind, and what can be done about it."""
    if options.resume:
        return [f"going on with {stash[RESUMED].description}"]
    remedy = f"finish it with {spelled('--resume')}, or store what it has with 'parabench recover'"
    whole, damaged = left_behind(folder_of(options))
    salvage = "'parabench recover' stores what can be read of it"
    return [
        *(f"there is {journal.description}: {remedy}" for journal in whole),
        *(f"warning: there is {journal.description}: {salvage}" for journal in damaged),
    ]


def make_items_of(metafunc: pytest.Metafunc) -> None:
    """Make items of a test that asks for cells, and the session when the first one does. Raises ParabenchError."""
    stash = metafunc.config.stash
    if SESSION not in stash:
        stash[SESSION] = _make_session(metafunc.config)
    make_items(metafunc, stash[SESSION])


def _make_session(config: pytest.Config) -> Session:
    options = config.stash[OPTIONS]
    if not options.workloads_dir.is_dir():
        raise NoWorkloads(options.workloads_dir)
    if not config.pluginmanager.hasplugin("benchmark"):
        raise BenchmarkPluginMissing
    mentioned = " ".join([config.option.keyword, *config.args])
    return Session(options, config.stash.get(RESUMED, None), mentioned)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each item its cell, leave out what has none, and skip what cannot run here with the reason."""
    session = config.stash.get(SESSION, None)
    if session is None:
        return
    takes = config.stash.setdefault(TAKES, {})
    cells, without_cell = settle_cells(items, session, takes)
    if not cells and len(without_cell) == len(items):
        raise refused(nothing_to_measure(session, takes))
    config.stash[UNAVAILABLE] = unavailable = why_none_can_run(cells, session)
    if unavailable:
        without_cell += [item for item, planned in cells if planned.unavailable is None]
    for item, planned in cells:
        item.stash[CELL] = planned
        item.add_marker(pytest.mark.benchmark(timer=clock.cell_seconds, group=planned.workload))
        if planned.unavailable is not None:
            item.add_marker(pytest.mark.skip(reason=one_line(reason_of(planned))))
    if without_cell:
        config.hook.pytest_deselected(items=without_cell)
        items[:] = [item for item in items if item not in without_cell]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Replace the list of items by the visits of all passes, each pass in a new random order."""
    ours = session.config.stash.get(SESSION, None)
    cells = [item for item in session.items if CELL in item.stash]
    ready = [item for item in cells if item.stash[CELL].unavailable is None]
    if ours is None or not ready or session.config.option.collectonly:
        return
    try:
        from parabench.plugin.pytest_benchmark import commit_info

        ours.plan(
            {item.nodeid: item.stash[CELL] for item in cells},
            commit_info(session.config),
            on_wait=partial(say_whom_for, session.config),
            on_concern=partial(say_concern, session.config),
        )
    except ParabenchError as error:
        raise refused(error) from None
    skipped = [item for item in cells if item.stash[CELL].unavailable is not None]
    others = [item for item in session.items if CELL not in item.stash]
    session.items = [*others, *skipped]
    session.config.stash[SCHEDULE] = ours.schedule = schedule_of(ready, ours, announce=session.items.extend)
    progress = session.config.stash[PROGRESS] = Progress(session.config, ours, ours.schedule)
    ours.on_reference = progress.say_cost
    ours.interruptions.begin()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Visit a cell. An item is reported once: at its last visit, or when it fails."""
    if CELL not in item.stash or item.stash[CELL].unavailable is not None:
        return None
    schedule, ours = item.config.stash[SCHEDULE], item.config.stash[SESSION]
    planned = item.stash[CELL]
    ours.interruptions.go_on()
    visit = schedule.next(ours.seconds_once)
    # The same item twice in a row: its module stands for "something else comes next", so that it is torn down.
    upcoming: Any = item.parent if nextitem is item else nextitem
    if visit is None or ours.records[planned.id].failure is not None:
        item.session._setupstate.teardown_exact(upcoming)  # what the item before left set up for this one
        report_once(item, item.stash.get(REPORTS, []))
        return True
    item.stash[VISIT] = visit
    with item.config.stash[PROGRESS].visiting(planned):
        reports = item.stash[REPORTS] = runtestprotocol(item, log=False, nextitem=upcoming)
    failed = [report for report in reports if report.failed]
    if failed:
        crash = getattr(failed[0].longrepr, "reprcrash", None)
        reason = crash.message if crash is not None else failed[0].longreprtext.strip()
        _stop_if_unwritable(item.session, ours, lambda: ours.fail(planned, reason.removeprefix("Failed: ")))
    schedule.settle()  # Ctrl-C does not come so far
    if failed or (schedule.passes is not None and visit[0] == schedule.passes - 1):
        report_once(item, reports)
    return True


def _stop_if_unwritable(session: pytest.Session, ours: Session, write: Callable[[], None]) -> None:
    with contextlib.suppress(JournalNotWritable):  # noted among the session's problems, which the summary tells
        write()
    if ours.problems:
        session.shouldstop = ours.problems[0]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    """Before pytest-benchmark finishes: make one benchmark of each cell, and store them with all we know."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or not ours.records:
        if session.config.stash.get(UNAVAILABLE, ()) and all(CELL in item.stash for item in session.items):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        return (yield)
    tell_each_once(session.config)
    with held() as came:
        try:
            if not _store(session, ours) or ours.broken_laws():
                session.exitstatus = pytest.ExitCode.TESTS_FAILED  # the summary says which, and why
        finally:
            ours.close()
    if signal.SIGINT in came:
        session.exitstatus = pytest.ExitCode.INTERRUPTED
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Hand Ctrl-C back when pytest has said all that it has to say."""
    if SESSION in config.stash:
        config.stash[SESSION].interruptions.end()


def _store(session: pytest.Session, ours: Session) -> bool:
    """Put what was measured into a file; False when it cannot be stored where it belongs, which is noted."""
    from parabench.plugin.pytest_benchmark import merge, must_stay_quiet, store_session

    benchmarks = session.config._benchmarksession  # type: ignore[attr-defined]  # how pytest-benchmark shares it
    try:
        benchmarks.benchmarks[:] = merge(benchmarks.benchmarks, ours)
        benchmarks.quiet = benchmarks.quiet or must_stay_quiet(session.config, benchmarks, ours)
        store_session(session.config, ours, benchmarks)
    except ParabenchError as error:
        ours.problems.append(str(error))
    except Exception as error:  # hooks are other people's code, and so is what a workload brings along
        ours.problems.append(str(SessionNotStored(error)))
    else:
        return True
    return False


@pytest.hookimpl(optionalhook=True, tryfirst=True)  # the first answer counts, and plugins are loaded in any order
def pytest_benchmark_generate_machine_info(config: pytest.Config) -> dict[str, Any] | None:
    """The machine without its host name, and without what changes from one second to the next (clock rates)."""
    return machine_info() if config.stash[OPTIONS].workloads_dir.is_dir() else None


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_benchmark_compare_machine_info(
    benchmarksession: Any, machine_info: dict[str, Any], compared_benchmark: dict[str, Any]
) -> Generator[None, None, None]:
    """Say that machines differ without the whole of both, which pytest-benchmark cannot do outside its storage."""
    if "parabench" in compared_benchmark and compared_benchmark["machine_info"] != machine_info:
        there = compared_benchmark["parabench"].get("machine_id", "unknown")
        benchmarksession.logger.warning(f"compared with a session of another fingerprint: {one_line(str(there))}")
        compared_benchmark["machine_info"] = machine_info
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, benchmarks: Any, output_json: dict[str, Any]) -> None:
    """Add the top-level object that says what was asked for, on what machine, and what gave no number."""
    ours = config.stash.get(SESSION, None)
    if ours is not None and ours.records:
        output_json["parabench"] = ours.describe()
