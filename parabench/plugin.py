"""The pytest plugin: cells become items, passes revisit them in random order, pytest-benchmark keeps the rounds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest.pathlib import bestrelpath
from _pytest.runner import runtestprotocol
from pytest_benchmark.utils import get_tag

from parabench.errors import ParabenchError, UsageError
from parabench.history import store
from parabench.history.fingerprint import machine_info
from parabench.measure import clock
from parabench.options import add_options, read_options
from parabench.plan import order_of_passes
from parabench.records import Cell
from parabench.report.terminal import progress_line, summary
from parabench.session import Session
from parabench.workload import KINDS

SESSION = pytest.StashKey[Session]()
CELL = pytest.StashKey[Cell]()
VISIT = pytest.StashKey[tuple[int, int]]()
REPORTS = pytest.StashKey[list[pytest.TestReport]]()
SCHEDULE = pytest.StashKey["Schedule"]()
#: Attribute of reports that are about a cell.
OF_CELL = "parabench_of_cell"
PARAMETERS = ("workload", "model", "workers", "size")


class Schedule:
    """The visits of all passes, and whether the time allows for a further pass."""

    def __init__(self, orders: list[list[pytest.Item]], budget_seconds: float | None) -> None:
        self.visits = [(number, place, item) for number, order in enumerate(orders) for place, item in enumerate(order)]
        self.done = 0
        self.passes = len(orders)
        self._budget_seconds = budget_seconds
        self._began: list[float] = []

    def next(self, seconds_once: float) -> tuple[int, int] | None:
        """Pass number and position of the visit that begins now; None when its pass does not fit any more.

        `seconds_once` is the part of the time so far that a further pass is not going to need again.
        """
        number, place, _ = self.visits[self.done]
        self.done += 1
        if number >= self.passes:
            return None
        if place == 0:
            now = time.monotonic()
            if number and self._budget_seconds is not None:
                spent = now - self._began[0]
                if spent + (spent - seconds_once) / number > self._budget_seconds:
                    self.passes = number
                    return None
            self._began.append(now)
        return number, place

    @property
    def left(self) -> int:
        """Visits still to come, as far as is known now."""
        return sum(number < self.passes for number, _, _ in self.visits[self.done :])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options of the experiment, each also as an ini option."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check every option before anything is collected or measured, and find models and workloads."""
    for kind, (_, meaning) in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")
    try:
        options = read_options(config)
        if not options.workloads_dir.is_dir():
            return  # a project without workloads only has the plugin installed
        session = config.stash[SESSION] = Session(options)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    _redirect_comparison(config, session)


def _redirect_comparison(config: pytest.Config, session: Session) -> None:
    """Point a bare --benchmark-compare, or one with a number, at our own folder of this very fingerprint."""
    if not (config.option.benchmark_compare or config.option.benchmark_verbose or config.option.verbose > 0):
        config.option.benchmark_quiet = True  # our summary answers the question; -v shows the long tables as well
    wanted = config.option.benchmark_compare
    if not wanted or Path(str(wanted)).is_file():
        return
    number = "" if wanted is True else str(wanted)
    stored = [path for path in store.sessions(session.folder) if path.name.startswith(number)]
    if stored:
        config.option.benchmark_compare = str(stored[-1])
    elif wanted is True:
        config.option.benchmark_compare = []
        config.issue_config_time_warning(
            pytest.PytestWarning(f"nothing to compare with yet: no session of this fingerprint in {session.folder}"), 2
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item of each cell whose workload is of the kind that the test is marked with."""
    session = metafunc.config.stash.get(SESSION, None)
    if "cell" not in metafunc.fixturenames or session is None:
        return
    kinds = {mark.name for mark in metafunc.definition.iter_markers()} & KINDS.keys()
    cells = [cell for cell in session.cells if cell.kind in kinds]
    metafunc.fixturenames.extend(PARAMETERS)
    metafunc.parametrize(
        PARAMETERS,
        [[cell.workload, cell.model, cell.workers, cell.size] for cell in cells],
        ids=[cell.id for cell in cells],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each item its cell, leave out empty parameter sets, and skip what cannot run here with the reason."""
    session = config.stash.get(SESSION, None)
    if session is None:
        return
    by_id = {cell.id: cell for cell in session.cells}
    without_cell = []
    for item in items:
        if not isinstance(item, pytest.Function) or "cell" not in item.fixturenames:
            continue
        cell = by_id.get(item.callspec.id) if hasattr(item, "callspec") else None
        if cell is None:
            without_cell.append(item)
            continue
        item.stash[CELL] = cell
        item.add_marker(pytest.mark.benchmark(timer=clock.cell_seconds, group=cell.workload))
        if cell.unavailable is not None:
            hint = f" ({cell.unavailable.install})" if cell.unavailable.install else ""
            item.add_marker(pytest.mark.skip(reason=f"{cell.model}: {cell.unavailable.reason}{hint}"))
    if without_cell:
        config.hook.pytest_deselected(items=without_cell)
        items[:] = [item for item in items if item not in without_cell]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Replace the list of items by the visits of all passes, each pass in a new random order."""
    ours = session.config.stash.get(SESSION, None)
    cells = [item for item in session.items if CELL in item.stash]
    if ours is None or not cells or session.config.option.collectonly:
        return
    try:
        ours.plan([item.stash[CELL] for item in cells])
    except ParabenchError as error:
        raise pytest.UsageError(str(error)) from None
    skipped = [item for item in cells if item.stash[CELL].unavailable is not None]
    others = [item for item in session.items if CELL not in item.stash]
    ready = [item for item in cells if item.stash[CELL].unavailable is None]
    schedule = session.config.stash[SCHEDULE] = Schedule(
        order_of_passes(ready, ours.options.passes, ours.options.seed), ours.options.budget
    )
    session.items = [*others, *skipped, *(item for _, _, item in schedule.visits)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Visit a cell. An item is reported once: at its last visit, or when it fails."""
    if CELL not in item.stash or item.stash[CELL].unavailable is not None:
        return None
    schedule, ours = item.config.stash[SCHEDULE], item.config.stash[SESSION]
    cell = item.stash[CELL]
    visit = schedule.next(ours.seconds_once)
    # The same item twice in a row: its module stands for "something else comes next", so that it is torn down.
    upcoming: Any = item.parent if nextitem is item else nextitem
    if visit is None or ours.records[cell.id].failure is not None:
        item.session._setupstate.teardown_exact(upcoming)  # what the item before left set up for this one
        _report(item, item.stash.get(REPORTS, []))
        return True
    item.stash[VISIT] = visit
    _show_progress(item.config, schedule, cell)
    reports = item.stash[REPORTS] = runtestprotocol(item, log=False, nextitem=upcoming)
    failed = [report for report in reports if report.failed]
    if failed:
        ours.fail(cell, failed[0].longreprtext.strip())
    if failed or visit[0] == schedule.passes - 1:
        _report(item, reports)
    return True


def _report(item: pytest.Item, reports: list[pytest.TestReport]) -> None:
    """Report an item, the first time this is called for it."""
    item.stash[REPORTS] = []
    for report in reports:
        setattr(report, OF_CELL, True)
        item.ihook.pytest_runtest_logreport(report=report)


def _show_progress(config: pytest.Config, schedule: Schedule, cell: Cell) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or config.option.verbose < 0:
        return
    number = schedule.visits[schedule.done - 1][0]
    line = progress_line(schedule.done, schedule.left, number + 1, schedule.passes, cell.id)
    if terminal.isatty:
        terminal.rewrite(line, erase=True)
    elif schedule.done % max(1, len(schedule.visits) // 20) == 1:
        terminal.write_line(line)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """A cell that passed is counted, but prints no dot: the progress line and the closing table speak for it."""
    if getattr(report, OF_CELL, False) and report.when == "call" and report.passed and config.option.verbose <= 0:
        return "passed", "", ""
    return None


@pytest.fixture
def cell(request: pytest.FixtureRequest, benchmark: Any) -> MeasuredCell:
    """The cell of this item, ready to be measured: `cell.measure()` is all that an experiment has to say."""
    if CELL not in request.node.stash:
        pytest.fail(
            "the `cell` fixture needs a kind marker such as @pytest.mark.cpu and a workloads folder", pytrace=False
        )
    return MeasuredCell(request, benchmark)


class MeasuredCell:
    """What the `cell` fixture gives to a test."""

    def __init__(self, request: pytest.FixtureRequest, benchmark: Any) -> None:
        self._session = request.config.stash[SESSION]
        self._cell = request.node.stash[CELL]
        self._pass_number, self._position = request.node.stash[VISIT]
        self._benchmark = benchmark

    def measure(self) -> None:
        """Visit the cell: pytest-benchmark asks for the rounds, the cell's own process runs and times them."""
        __tracebackhide__ = True
        try:
            with self._session.visit(self._cell, self._pass_number, self._position) as stay:
                self._benchmark.pedantic(
                    lambda: clock.advance(stay.round()), setup=clock.reset, rounds=stay.rounds, warmup_rounds=0
                )
        except ParabenchError as error:
            self._benchmark.has_error = True
            pytest.fail(str(error), pytrace=False)
        except BaseException:
            self._benchmark.has_error = True
            raise


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    """Before pytest-benchmark finishes: make one benchmark of each cell, and store them with all we know."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or not ours.records:
        return (yield)
    ours.interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    benchmarks = session.config._benchmarksession  # type: ignore[attr-defined]  # how pytest-benchmark shares it
    try:
        benchmarks.benchmarks[:] = _merged(benchmarks.benchmarks, ours)
        _store(session.config, ours, benchmarks)
    finally:
        ours.close()
    return (yield)


def _merged(benchmarks: list[Any], ours: Session) -> list[Any]:
    """One benchmark per valid cell: the rounds of later visits are appended to those of the first."""
    merged: dict[str, Any] = {}
    for benchmark in benchmarks:
        first = merged.setdefault(benchmark.fullname, benchmark)
        if first is not benchmark:
            first.stats.data.extend(benchmark.stats.data)
    kept = []
    for benchmark in merged.values():
        cell_id = benchmark.param
        record = ours.records.get(cell_id) if benchmark.group and benchmark.params else None
        if record is None:
            kept.append(benchmark)
        elif record.valid:
            benchmark.extra_info.update(ours.extra_info(cell_id))
            kept.append(benchmark)
    return kept


def _store(config: pytest.Config, ours: Session, benchmarks: Any) -> None:
    if benchmarks.disabled or not any(record.valid for record in ours.records.values()):
        return
    hook = config.hook
    with contextlib.chdir(config.rootpath):  # the commit is the project's, wherever pytest was started
        commit = hook.pytest_benchmark_generate_commit_info(config=config)
        name: str = get_tag()  # type: ignore[no-untyped-call]  # pytest-benchmark has no types
    hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit)
    output = hook.pytest_benchmark_generate_json(
        config=config,
        benchmarks=benchmarks.benchmarks,
        include_data=True,
        machine_info=benchmarks.get_machine_info(),
        commit_info=commit,
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=benchmarks.benchmarks, output_json=output)
    try:
        ours.stored = ours.save(name, output)
    except ParabenchError as error:
        ours.problems.append(str(error))


def pytest_benchmark_generate_machine_info(config: pytest.Config) -> dict[str, Any] | None:
    """The machine without its host name, and without what changes from one second to the next (clock rates)."""
    return machine_info() if SESSION in config.stash else None


def pytest_benchmark_update_json(config: pytest.Config, benchmarks: Any, output_json: dict[str, Any]) -> None:
    """Add the top-level object that says what was asked for, on what machine, and what gave no number."""
    ours = config.stash.get(SESSION, None)
    if ours is not None and ours.records:
        output_json["parabench"] = ours.describe()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End with the table that answers the question."""
    ours = config.stash.get(SESSION, None)
    if ours is not None and ours.records:
        terminalreporter.ensure_newline()
        notes = [f"Stored as {bestrelpath(config.rootpath, ours.stored)}"] if ours.stored else []
        text = summary(
            ours.rankings(),
            ours.records.values(),
            ours.limits(),
            notes=[*notes, *ours.problems],
            width=max(terminalreporter._tw.fullwidth, 100),
            colour=terminalreporter.hasmarkup,
        )
        terminalreporter.write(text)
