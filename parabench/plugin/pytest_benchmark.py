"""What the plugin shares with pytest-benchmark: whom to compare with, one benchmark per cell, the stored file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.utils import get_tag

from parabench.compare.comparison import Comparison, compare_sessions
from parabench.compare.witness import with_cpu
from parabench.errors import NothingStored, ParabenchError, RemoteUnusable
from parabench.history import store
from parabench.history.reader import read_session
from parabench.history.sessions import read_summaries
from parabench.history.stored import StoredSession
from parabench.history.summary import summarise
from parabench.session.options import Options, folder_of
from parabench.session.session import Session


def commit_info(config: pytest.Config) -> dict[str, Any]:
    """The project's commit by pytest-benchmark's own hooks, wherever pytest was started."""
    with contextlib.chdir(config.rootpath):
        commit: dict[str, Any] = config.hook.pytest_benchmark_generate_commit_info(config=config)
    config.hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit)
    return commit


def redirect_comparison(config: pytest.Config, options: Options) -> list[str]:
    """Point --benchmark-compare at our folder of this very fingerprint; returns what the user should know about it.

    A bare one means the latest session of this fingerprint, a number that session. Raises NothingStored for a number
    that is not there, and HistoryUnreadable for one that cannot be read.
    """
    wanted = config.option.benchmark_compare
    if not wanted or Path(str(wanted)).is_file():
        return []
    folder = folder_of(options)
    stored = store.sessions(folder)
    notes: list[str] = []
    if wanted is True:
        chosen = _latest(stored, notes)
    else:
        named = [path for path in stored if path.name.startswith(str(wanted))]
        if not named:
            raise NothingStored(folder, str(wanted), [path.name.partition("_")[0] for path in stored])
        chosen = read_session(named[-1])
    if chosen is None:
        config.option.benchmark_compare = []
        return [*notes, f"nothing to compare with yet: no session of this fingerprint in {folder}"]
    for flaw, holds in (("was interrupted", chosen.interrupted), ("is marked noisy", chosen.noisy)):
        if holds:
            notes.append(f"the session compared with {flaw}: {chosen.path.name}")
    config.option.benchmark_storage = f"file://{folder}"
    config.option.benchmark_compare = str(chosen.path)
    return notes


def _latest(stored: list[Path], notes: list[str]) -> StoredSession | None:
    """The latest session that has anything to compare with; what cannot be read is noted and passed over."""
    for path in reversed(stored):
        try:
            session = read_session(path)
        except ParabenchError as error:
            notes.append(f"not compared with: {error}")
            continue
        if session.benchmarks:
            return session
    return None


def compared(config: pytest.Config, ours: Session) -> Comparison | None:
    """Verdicts of the session just stored against the one that --benchmark-compare means; None without."""
    wanted = config.getoption("benchmark_compare", None)
    if not wanted or not Path(str(wanted)).is_file() or ours.stored is None:
        return None
    base, new = summarise(read_session(Path(str(wanted)))), summarise(read_session(ours.stored))
    store = read_summaries(ours.folder).sessions
    comparison = with_cpu(compare_sessions([base], [new], store), store)
    asked_for = {record.cell.identity for record in ours.records.values()}  # the other session may have had more
    verdicts = (
        verdict
        for verdict in comparison.verdicts
        if verdict.sessions_new or comparison.identities.get(verdict.cell) in asked_for
    )
    return replace(comparison, verdicts=tuple(verdicts))


def merge(benchmarks: list[Any], ours: Session) -> Iterator[Any]:
    """One benchmark per valid cell, with the rounds of all its visits; other tests' benchmarks as they are.

    An item is run once a pass, and pytest-benchmark makes a benchmark of each run. The rounds of a cell are those
    of visits that are recorded: Ctrl-C may have come between a round and its record.
    """
    merged: dict[str, Any] = {}
    for benchmark in benchmarks:
        first = merged.setdefault(benchmark.fullname, benchmark)
        if first is not benchmark:
            first.stats.data.extend(benchmark.stats.data)
    for fullname, benchmark in merged.items():
        record = ours.records_by_item.get(fullname)
        if record is None:
            yield benchmark
        elif record.valid:
            benchmark.stats.data[:] = [seconds for visit in record.visits for seconds in visit.seconds_per_round]
            benchmark.extra_info.update(ours.extra_info(record))
            yield benchmark


def store_session(config: pytest.Config, ours: Session, benchmarks: Any) -> None:
    """Make pytest-benchmark's JSON of a session, through its own hooks, and store it as ours.

    Raises ParabenchError when it cannot be stored where it belongs.
    """
    if benchmarks.disabled or not any(record.visits or record.failure for record in ours.records.values()):
        ours.is_kept = not ours.options.resume  # there is nothing to keep, but for what was measured before
        return
    if ours.interrupted and (before := ours.books.file_before) is not None:
        ours.stored = before
        return
    hook = config.hook
    commit = commit_info(config)
    with contextlib.chdir(config.rootpath):
        name: str = get_tag()  # type: ignore[no-untyped-call]  # pytest-benchmark has no types
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
    except RemoteUnusable as error:
        ours.stored = error.kept  # all of it, and sent some other time
        raise
    finally:
        ours.is_kept = ours.stored is not None


def must_stay_quiet(config: pytest.Config, benchmarks: Any, ours: Session) -> bool:
    """Whether pytest-benchmark's long tables would only bury our summary: nobody asked, and all rows are cells."""
    asked = config.option.benchmark_compare or config.option.benchmark_verbose or config.option.verbose > 0
    return not asked and all(benchmark.fullname in ours.records_by_item for benchmark in benchmarks.benchmarks)
