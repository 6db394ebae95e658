"""What the rules look at: shares of a batch, and where its threads were found; with the thresholds that both need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parabench.explain.evidence import Evidence
from parabench.explain.parts import ASKING
from parabench.explain.split import Split

COMPUTING, GIL, CORES, LOOP, WAITING, SERVER = "computing", "gil", "cores", "loop", "waiting", "server"
LOCK, DISPATCH, SERIALISATION, START_UP = "lock", "dispatch", "serialisation", "start-up"
IMBALANCE, MEMORY, UNCLEAR = "imbalance", "memory", "unclear"
#: All names, in the order in which they are documented.
CAUSES = (
    *(COMPUTING, GIL, CORES, LOOP, WAITING, SERVER, LOCK, DISPATCH, SERIALISATION, START_UP, IMBALANCE, MEMORY),
    UNCLEAR,
)
#: A loss is named from this share of the batch on, as the main cause if it is so large beside the work itself, too.
LOSS_LEAST, LOSS_BESIDE_WORK = 0.2, 0.4
#: A second cause has this share at least.
SECOND_LEAST = 0.15
#: What no cause has so much of is unclear.
MAIN_LEAST = 0.3
#: Cores' worth of CPU from which one interpreter's threads are taken to be held by its lock where nobody looked.
GIL_BUSY, GIL_BUSY_MOST = 0.6, 1.3
#: Share of the looks that has to find threads waiting for it, where somebody looked.
GIL_SITES = 0.08
#: So many looks say something; where there are fewer, one task that takes such a share of the batch is in doubt.
LOOKS_LEAST, ONE_TASK = 12, 0.4
#: Share of a loop's time from which it is busy, and not waiting for replies.
LOOP_BUSY = 0.5
#: Opening takes so many times as long as the batch, and so many seconds, where what the work itself needs to start is
#: what it costs.
OPENING_TIMES, OPENING_LEAST = 3.0, 0.05
#: A message of so many bytes does not fit into a pipe (pipe(7): 64 KiB).
BYTES_LARGE = 65_536
#: Seconds of the kernel for each page that a process touches first, at most: a fault and clearing 4 KiB, which takes
#: 0.25 us on bare metal and ten times as long where memory is virtual and accounted for.
SECONDS_PER_FAULT = 3e-6


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at."""

    evidence: Evidence
    split: Split

    def share(self, *parts: str) -> float:
        """Of the batch that these parts of the split are, together.

        Waiting for cores that other programs had is no property of the cell, and left out where there are enough.
        """
        seconds, whole = dict(self.split.seconds_per_batch.items()), self.seconds_undisturbed
        return max(0.0, sum(seconds[part] for part in parts)) / whole if whole > 0 else 0.0

    @property
    def seconds_undisturbed(self) -> float:
        """Of the batch as its parts account for it, without waiting for cores that other programs had."""
        core = self.split.seconds_per_batch.core
        return self._seconds_known - (0.0 if self.crowded else core - self.core_behind_gil)

    @property
    def core_behind_gil(self) -> float:
        """Seconds of the batch in which waiting for a core is waiting for the GIL.

        A thread that waits for the GIL wakes up every 5 ms to ask for it (Python/ceval_gil.c), and waits for a core
        each time where other programs have them. So what such threads wait for a core beyond what the same tasks wait
        alone, for each second that they run, is counted here.
        """
        alone = self.evidence.alone.timeline if self.evidence.alone is not None else None
        if alone is None or not self._waits_for_gil:
            return 0.0
        running = sum(task.seconds_cpu or 0.0 for task in alone.tasks)
        if running <= 0:
            return 0.0
        ratio = sum(task.seconds_core or 0.0 for task in alone.tasks) / running
        parts = self.split.seconds_per_batch
        return max(0.0, parts.core - parts.running * ratio)

    @property
    def _waits_for_gil(self) -> bool:
        """Whether its threads were seen waiting for the lock of their interpreter."""
        looked = self.evidence.figures.get("wait_looks", LOOKS_LEAST) >= LOOKS_LEAST
        return self._of_threads and looked and (self.sites or {}).get("gil", 0.0) >= GIL_SITES

    @property
    def _of_threads(self) -> bool:
        evidence = self.evidence
        threads = bool(evidence.gil) and evidence.one_interpreter and not evidence.shares_threads
        return threads and evidence.workers > 1

    @property
    def _seconds_known(self) -> float:
        parts = self.split.seconds_per_batch
        unknown = parts.unexplained if self.split.source == "spans" else 0.0
        return sum(seconds for _, seconds in parts.items()) - unknown - parts.others

    @property
    def gil_taken(self) -> bool:
        """Whether the tasks of several threads keep the lock of their interpreter taken: nothing else counts then."""
        evidence = self.evidence
        if not self._of_threads:
            return False
        if self.sites is not None and evidence.figures.get("wait_looks", LOOKS_LEAST) >= LOOKS_LEAST:
            if self.sites.get("gil", 0.0) < GIL_SITES:
                return False
        elif (evidence.seconds_longest_alone or 0.0) >= ONE_TASK * self.seconds_undisturbed:
            return False  # one task may be what others have to wait for, and nobody has seen them wait for the lock
        return GIL_BUSY <= self.share("running") * self.split.lanes <= GIL_BUSY_MOST

    @property
    def crowded(self) -> bool:
        """Whether more workers want to run at a time, on average, than there are cores."""
        cores, parts = self.evidence.cores, self.split.seconds_per_batch
        if cores is None or self.evidence.workers <= cores or self._seconds_known <= 0:
            return False
        return self.split.lanes * (parts.running + parts.core) / self._seconds_known > cores

    @property
    def sites(self) -> Mapping[str, float] | None:
        """Where threads with a task were found, as shares of the looks at them; None: nobody looked."""
        return self.evidence.tables.get("wait_sites") or None

    @property
    def owner(self) -> str:
        """Which cause the waiting for what tasks share belongs to."""
        evidence = self.evidence
        if evidence.shares_threads:
            stalled = evidence.figures.get("seconds_loop_stalled")
            turns = self.share("running") < LOOP_BUSY
            if stalled is not None:
                turns = stalled < LOOP_BUSY * evidence.seconds
            elif self.sites is not None:
                turns = self.sites.get("poll", 0.0) >= 1 - LOOP_BUSY
            return (SERVER if self._asks else LOCK) if turns else LOOP
        if self.sites is not None:
            by_cause = {
                GIL: self.sites.get("gil", 0.0),
                LOCK: sum(self.sites.get(site, 0.0) for site in ("file lock", "lock")),
                SERVER: sum(self.sites.get(site, 0.0) for site in ("socket", "poll", "storage")),
            }
            if evidence.gil is False:  # what else is in that data is no lock that tasks share for long
                del by_cause[GIL]
            cause = max(by_cause, key=lambda name: by_cause[name])
            if by_cause[cause] > 0:
                return cause
        busy = self.share("running") * self.split.lanes
        if evidence.gil and evidence.one_interpreter and busy >= GIL_BUSY:
            return GIL
        return SERVER if self._asks else LOCK

    @property
    def _asks(self) -> bool:
        """Whether its tasks wait for a server, as their kind says, or the looks at them when they run alone."""
        if self.evidence.kind in ASKING:
            return True
        sites = self.evidence.alone.tables.get("wait_sites", {}) if self.evidence.alone is not None else {}
        asking = sum(sites.get(site, 0.0) for site in ("socket", "poll"))
        return asking > sum(sites.get(site, 0.0) for site in ("sleep", "lock", "file lock"))
