"""The probe: a few calls, alone and together, in cells of their own, before anything is raced."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from parabench.advise.call_outcomes import raised, roots, same_outcomes, undisturbed, waited
from parabench.advise.ledger import Ledger
from parabench.advise.probe import Probe
from parabench.advise.probe_cells import Cells, all_came_back, came_back, why_not
from parabench.advise.watching import watched_round
from parabench.advise.work import Dealer, Work
from parabench.errors import CallsSpent, ParabenchError
from parabench.machine.cores import cores_usable
from parabench.measure.cell import CellProcess, Round
from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.records import Outcome, Trace, TracedRound
from parabench.workload import Workload

#: Items that are looked at one by one.
ALONE = 3
#: Together: so many calls at once, as far as somebody on the other side may be asked so often.
TOGETHER = (1, 2, 4, 8)
#: Seconds that a batch of the probe is to take, and how often it is repeated where it is short.
SECONDS_BATCH, SECONDS_SHORT, REPEATS = 0.12, 0.2, 3
CALLS_LEAST, CALLS_MOST = 2, 16
#: Share of the budget that the probe may take; what does not fit is left out.
SHARE = 0.25
#: Processor time of the whole tree is that of workers of the function's own where it is so many times its own.
OWN_LEAST = 2.0
#: And they are what a call waits for where they take this share of it: on a busy machine they wait for cores as well.
OWN_SHARE = 0.1
#: Seconds of calls in which the GIL is looked at, and so many calls at most.
SECONDS_LOOKED, LOOKED_MOST = 0.12, 100
#: Calls that are shorter are looked at by batches of so many.
SECONDS_TINY, MANY = 50e-6, 200
#: The processor time of a whole process tree is that of its tasks where they take so long.
SECONDS_COUNTED = 0.005
#: Share of the items that the probe of two threads may take where none is run twice.
SHARE_ONCE = 0.2
#: What calls of less than so many seconds do to one another is looked at however short the budget is.
SECONDS_CHEAP = 0.02
#: A second call with an item is remembered when it takes this share of the first.
REMEMBERED, SECONDS_SEEN = 0.25, 50e-6
#: In flight where the other side is a foreign host, and where it is not.
FOREIGN_MOST, OWN_MOST = 32, 128


class Prober:
    """Asks a function, and writes down what it finds."""

    def __init__(self, work: Work, ledger: Ledger, *, budget: float, call_timeout: float, most: int | None) -> None:
        self.work, self.ledger, self.found = work, ledger, Probe()
        self._deadline = time.monotonic() + SHARE * budget
        self._call_timeout = call_timeout
        self._most = most
        self._experiment: Experiment
        self._cells: Cells
        #: A call, threads and processes of the function's own included; 0 where a batch is too short to tell.
        self._seconds_cpu_of_tree = 0.0
        self._workloads = self._made()

    def _made(self) -> dict[str, Workload]:
        work = self.work
        workloads = [work.workload(probing=True)]
        if not work.target.is_coroutine:
            workloads.append(work.workload_of_many())
        return {workload.name: workload for workload in workloads}

    def run(self) -> Probe:
        """All that can be found out within the share of the budget, and within the calls that are left."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="parabench-advise-") as folder:
            printed = Path(folder) / "printed"
            options = ExperimentOptions(
                size="small",
                seed=0,
                latency_seconds=0.0,
                github_url="",
                cell_timeout_seconds=self._call_timeout,
                rounds=1,
                output=printed,
            )
            with Experiment(options, self._workloads, roots(self.work)) as experiment:
                experiment.on_batch = self.ledger.charge
                self._experiment, self._cells = experiment, Cells(experiment, self.work, self._call_timeout)
                try:
                    self._look()
                except CallsSpent:
                    self.found.cut_short = True
                except ParabenchError as error:
                    self.found.fatal = why_not(error, self._call_timeout)
            self.found.bytes_printed = printed.stat().st_size if printed.exists() else 0
        self.found.seconds_spent = time.monotonic() - began
        return self.found

    def _look(self) -> None:
        self.found.in_flight_most = self._most or FOREIGN_MOST  # until it is known whom it reaches
        if self.work.dealer is not None:
            self._once(self.work.dealer)
            return
        outcomes = self._alone()
        if self._most is None and not self.found.traces["hosts"]:
            self.found.in_flight_most = OWN_MOST
        if self._late():
            return
        self._again(outcomes)
        if self.found.seconds < SECONDS_TINY:
            self._many()
        if self.work.target.is_coroutine:
            self._together("asyncio", self.found.coroutines)
            if self.found.coroutines and self.found.computes:
                self._together("thread-pool", self.found.threads)
            return
        if self.found.computes:
            self._turns()
        if self.found.gil_held is None:
            self._together("thread-pool", self.found.threads)
        if self.work.twin is not None:
            self._together("asyncio", self.found.coroutines)

    def _once(self, dealer: Dealer) -> None:
        """The same without running any item twice: what is remembered, or repeatable, stays unknown."""
        with self._cells.opened("sequential", 1, dealer.deal(1)) as process:
            outcomes = self._begun(process.round())
        self.found.raised, self.found.looked_at = sum(map(raised, outcomes)), 1
        if self._late() or not dealer.left:
            return
        with self._cells.opened("sequential", 1, dealer.deal(min(ALONE, dealer.left))) as process:
            traced, _, outcomes = process.traced_round()
        came_back(outcomes)
        self._note(traced)
        self.found.raised += sum(map(raised, outcomes))
        self.found.looked_at += len(outcomes)
        probe = self.found
        if probe.computes and dealer.left and not self.work.target.is_coroutine:
            self._turns(dealer)
            return
        model = "asyncio" if self.work.coroutine is not None else "thread-pool"
        seconds = probe.coroutines if model == "asyncio" else probe.threads
        for count in (1, 2)[: probe.in_flight_most]:
            calls = max(count, min(8, int(SHARE_ONCE * dealer.left) // 2))
            if calls > dealer.left or self._late():
                probe.cut_short = True
                return
            with self._cells.opened(model, count, dealer.deal(calls)) as process:
                traced, _, outcomes = process.traced_round()
            if not all_came_back(outcomes):
                probe.cut_short = True
                return
            seconds[count] = traced.seconds / calls

    def _begun(self, first: Round) -> list[Outcome]:
        """What the first call of a process took, and what it leaves behind."""
        probe, outcomes = self.found, list(came_back(first.outcomes))
        probe.seconds = probe.seconds_first = probe.seconds_longest = first.seconds
        probe.seconds_cpu = first.used.seconds_cpu
        probe.traces = first.findings
        self.work.copies = self.work.copies or bool(first.items_changed)
        return outcomes

    def _late(self) -> bool:
        if self.found.seconds > SECONDS_CHEAP and time.monotonic() + 2 * self.found.seconds > self._deadline:
            self.found.cut_short = True
            return True
        return False

    def _alone(self) -> list[Outcome]:
        """Three items one by one in a fresh process: first calls, then again."""
        probe, items = self.found, list(self.work.items[:ALONE])
        with self._cells.opened("sequential", 1, items) as process:
            outcomes = self._begun(process.round(1))
            if self._late() or (len(items) == 1 and probe.seconds > 1):
                return outcomes
            traced, _, of_round = process.traced_round()
            outcomes += came_back(of_round)[1:]
            if not self._late():
                self._repeated(process, traced.traces, of_round)
            self._note(traced)
        probe.raised, probe.looked_at = sum(map(raised, outcomes)), len(outcomes)
        return outcomes

    def _note(self, traced: TracedRound) -> None:
        """What a call takes, from a round whose first item the process may have had before."""
        probe = self.found
        took = [trace.seconds_ended - trace.seconds_started for trace in traced.traces]
        new = (took[1:] if probe.remembers else took) or took
        probe.seconds, probe.seconds_longest = statistics.fmean(new), max(new)
        cpu = [trace.seconds_cpu for trace in traced.traces if trace.seconds_cpu is not None]
        probe.seconds_cpu = min(statistics.fmean(cpu[1:] or cpu) if cpu else probe.seconds_cpu, probe.seconds)
        waits = waited(traced.traces)
        if len(waits) == len(took):  # the time of a call without what other programs took of the machine
            probe.seconds_waiting = statistics.fmean(waits[1:] or waits)
            probe.seconds = min(probe.seconds, probe.seconds_cpu + probe.seconds_waiting)
        self._own_workers()

    def _own_workers(self) -> None:
        """Threads or processes of its own, which compute while the call waits for them."""
        probe, tree = self.found, self._seconds_cpu_of_tree
        started = max(probe.traces["threads"], probe.traces["processes"])
        cores = max(1, min(started, cores_usable()))
        probe.own_workers_idle = 0 < tree < OWN_SHARE * probe.seconds * cores
        if not started or tree < OWN_LEAST * probe.seconds_cpu or probe.own_workers_idle:
            return
        probe.seconds = min(probe.seconds, probe.seconds_cpu + tree / cores)
        probe.seconds_longest = max(probe.seconds, min(probe.seconds_longest, 2 * probe.seconds))
        probe.seconds_cpu, probe.cores_used = tree, max(probe.cores_used, min(cores, tree / probe.seconds))

    def _repeated(self, process: CellProcess, traces: Sequence[Trace], first: Sequence[Outcome]) -> None:
        """The same items once more in the same process: remembered, or other results?"""
        done = process.round()
        came_back(done.outcomes)
        new = [undisturbed(trace) for trace in traces[1:]] or [self.found.seconds_first]
        if min(new) > SECONDS_SEEN:
            watched, self.found.wait_sites = watched_round(process)
            again = [undisturbed(trace) for trace in watched.traces]
            self.found.seconds_again = statistics.fmean(again)
            self.found.remembers = max(again) < REMEMBERED * min(new)
        if not self.found.remembers:
            self.found.cores_used = done.used.seconds_cpu / done.seconds if done.seconds > SECONDS_COUNTED else 0.0
            self._seconds_cpu_of_tree = done.used.seconds_cpu / len(traces) if done.seconds > SECONDS_COUNTED else 0.0
        for name in ("globals_changed", "files_new", "hosts"):
            self.found.traces[name] = sorted({*self.found.traces[name], *done.findings[name]})
        for name in ("threads", "processes"):
            self.found.traces[name] = max(self.found.traces[name], done.findings[name])
        self.found.stateful = not same_outcomes(first, done.outcomes)
        if done.items_changed:
            self.work.copies = True

    def _again(self, outcomes: Sequence[Outcome]) -> None:
        """The same in another fresh process: do equal items give equal results?"""
        changed = self.work.copies
        if changed:  # the workload is made anew, with copies; results that were compared were those of changed items
            self._workloads.update(self._made())
            self.found.stateful = False
        items = list(self.work.items[:ALONE])
        with self._cells.opened("sequential", 1, items) as process:
            first = process.round()
            came_back(first.outcomes)
            if changed:
                self.found.stateful = not same_outcomes(first.outcomes, came_back(process.round().outcomes))
            elif len(first.outcomes) == len(outcomes):
                self.found.deterministic = same_outcomes(first.outcomes, outcomes)
        if not self.found.deterministic:
            self.found.stateful = False

    def _many(self) -> None:
        """Short calls by the batch: looking at one of them takes longer than it does."""
        items = list(self.work.items[:MANY])
        with self._cells.opened("sequential", 1, items) as process:
            seconds = min(process.round().seconds for _ in range(REPEATS)) / len(items)
        self.found.seconds_cpu *= min(1.0, seconds / self.found.seconds)
        self.found.seconds = self.found.seconds_longest = seconds

    def _together(self, model: str, seconds: dict[int, float]) -> None:
        """So many calls at once."""
        probe = self.found
        counts = [count for count in TOGETHER if count <= max(1, probe.in_flight_most)]
        if probe.computes and model == "thread-pool":
            counts = [count for count in counts if count <= max(2, os.cpu_count() or 1)]
        for count in counts:
            calls = max(CALLS_LEAST, count, min(CALLS_MOST, int(SECONDS_BATCH / max(probe.seconds, 1e-9))))
            calls = min(-(-calls // count) * count, len(self.work.items))
            if calls < count or time.monotonic() + 2 * calls * probe.seconds / count > self._deadline:
                probe.cut_short = True
                return
            items = list(self.work.items[-calls:])
            with self._cells.opened(model, count, items) as process:
                took: list[float] = []
                while len(took) < (1 if probe.remembers else REPEATS) and sum(took) < SECONDS_SHORT:
                    done = process.round()
                    if not all_came_back(done.outcomes):  # several at once fail: the race is going to say why
                        probe.cut_short = True
                        return
                    took.append(done.seconds)
            seconds[count] = min(took) / calls

    def _turns(self, dealer: Dealer | None = None) -> None:
        """How much of its time a call holds the GIL, by enough of them one after the other.

        With a dealer by items that nobody has had.
        """
        probe, items = self.found, self.work.items
        each = max(1, min(LOOKED_MOST, int(SECONDS_LOOKED / max(probe.seconds, 1e-9))))
        if dealer is None:
            calls = [items[place % len(items)] for place in range(each)]
        else:
            calls = dealer.deal(max(1, min(each, dealer.left // 4)))
        self._experiment.on_batch = lambda count: self.ledger.charge(count * len(calls))
        with self._cells.opened("thread-pool", 1, [calls], calls_as_one=len(calls)) as process:
            held_of_looks = process.round().outcomes[0].value
        self._experiment.on_batch = self.ledger.charge
        if isinstance(held_of_looks, list) and held_of_looks[1]:
            probe.gil_held = held_of_looks[0] / held_of_looks[1]
