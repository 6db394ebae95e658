"""Sessions that meet a fault, and what is left of them afterwards: processes, files, shared memory, visits."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from kept_visits import Recorded, recovered

from parabench.models import find_models

#: What is left is counted so long after the fault, or after the end of a session that outlived it.
SECONDS_TO_VANISH = 5.0
#: A session that has not ended so long after a fault that it outlives hangs. No cell may take longer than CELL_SECONDS.
SECONDS_TO_END, CELL_SECONDS = 150.0, 6
#: So long a process of the kind that is to be killed is waited for.
SECONDS_TO_APPEAR = 30.0
MARK = "PARABENCH_CHAOS_MARK"
#: Set where this process and its children have a /dev/shm of their own.
ALONE = "PARABENCH_CHAOS_ALONE"
SHARED_MEMORY = Path("/dev/shm")
#: The first task of every process leaves a daemon: a grandchild in a session of its own.
TASK = """
import os, time

DONE = []

def mine(item):
    if not DONE:
        DONE.append(True)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
        os.wait()
    time.sleep(0.02)
    return item
"""
EXPERIMENT = "import pytest\n\n\n@pytest.mark.custom\ndef test_custom(cell):\n    cell.measure()\n"
MODELS = ("process-pool-fork", "process-pool-spawn", "mp-pool", "process-per-task", "joblib-loky", "sequential")
QUEUES = ("rq", "celery")
CLUSTER = ("dask", "sequential")


@dataclass(slots=True)
class Ended:
    """What a fault has left."""

    visits: int = 0
    recorded: Recorded = field(default_factory=Recorded)
    lost: int = 0
    orphans: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    hung: bool = False
    #: No process of that kind was there to be killed.
    missed: bool = False
    tracebacks: list[str] = field(default_factory=list)


class Victim:
    """One session in a folder of its own."""

    def __init__(self, folder: Path, models: list[str]) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.recorded = Recorded()
        for name, text in {
            "pytest.ini": "[pytest]\nparabench_short_options = true\n",
            "workloads/mine.py": TASK,
            "benchmarks/test_custom.py": EXPERIMENT,
        }.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text)
        self.temporary = folder / "t"
        self.temporary.mkdir()
        self._shared_before = _shared()
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:anyio", "benchmarks"]
        command += ["--models", ",".join(models), "--passes", "40", "--rounds", "1", "--workers", "2"]
        command += ["--on-busy", "allow", "--cell-timeout", str(CELL_SECONDS)]
        self.said = (folder / "said").open("w+")
        self.leader = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, MARK: self.mark, "TMPDIR": str(self.temporary)},
            stdout=self.said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_for_visits(self, visits: int) -> None:
        """Return when so many visits are in the journal, or the session has ended."""
        deadline = time.monotonic() + SECONDS_TO_END
        while self.leader.poll() is None and self.visits() < visits and time.monotonic() < deadline:
            time.sleep(0.02)

    def visits(self) -> int:
        """Visits that are, or were, whole in the journal."""
        return self.recorded.look(self.folder / "results")

    def processes(self) -> list[psutil.Process]:
        """All that still runs of what this session has started, the leader included."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def zygotes(self) -> list[psutil.Process]:
        """The processes that cells are forked from."""
        return [p for p in self._children(psutil.Process(self.leader.pid)) if "measure.zygote" in _command(p)]

    def cells(self) -> list[psutil.Process]:
        """The processes of cells: children of zygotes that lead a session of their own and have a zygote's command."""
        return [
            cell for zygote in self.zygotes() for cell in self._children(zygote) if "measure.zygote" in _command(cell)
        ]

    def supervisors(self) -> list[psutil.Process]:
        """The supervisors of queues' workers; these are forked from them, and have the same command."""
        found = [process for process in self.processes() if "queues.supervisor" in _command(process)]
        with contextlib.suppress(psutil.Error):
            return [process for process in found if process.ppid() not in {other.pid for other in found}]
        return []

    @staticmethod
    def _children(process: psutil.Process) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return process.children()
        return []

    def aftermath(self, *, leader_ends: bool) -> Ended:
        """Wait for what the fault leads to, and count what is left."""
        ended = Ended()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.leader.wait(SECONDS_TO_VANISH if leader_ends else SECONDS_TO_END)
        ended.hung = self.leader.poll() is None
        deadline = time.monotonic() + SECONDS_TO_VANISH
        while (self.processes() or self._files()) and time.monotonic() < deadline:
            time.sleep(0.05)
        ended.orphans = [f"{process.pid}: {_command(process)[:150]}" for process in self.processes()]
        ended.files = self._files()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.leader.wait()
        ended.visits, ended.recorded, session = self.visits(), self.recorded, recovered(self.folder)
        ended.lost = len(self.recorded.lost(session))
        self.said.seek(0)
        ended.tracebacks = [line for line in self.said.read().splitlines() if "BrokenPipeError" in line]
        self.said.close()
        return ended

    def _files(self) -> list[str]:
        left = [str(path) for path in self.temporary.iterdir() if path.name != "parabench.lock"]
        left += [str(path) for path in self.folder.glob("dask-*")]
        return left + sorted(_shared() - self._shared_before)


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _shared() -> set[str]:
    """What is in shared memory; nothing where others use it, too: names of semaphores do not tell whose they are."""
    return set(os.listdir(SHARED_MEMORY)) if os.environ.get(ALONE) else set()


def _kill(processes: list[psutil.Process], number: int = signal.SIGKILL) -> bool:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
    return bool(processes)


def kill_leader(victim: Victim, source: random.Random) -> bool:
    os.kill(victim.leader.pid, signal.SIGKILL)
    return True


def kill_group(victim: Victim, source: random.Random) -> bool:
    os.killpg(victim.leader.pid, signal.SIGKILL)
    return True


def kill_zygote(victim: Victim, source: random.Random) -> bool:
    return _kill(victim.zygotes())


def kill_cell(victim: Victim, source: random.Random) -> bool:
    return _kill(victim.cells())


def stop_cell(victim: Victim, source: random.Random) -> bool:
    return _kill(victim.cells(), signal.SIGSTOP)


def stop_zygote(victim: Victim, source: random.Random) -> bool:
    return _kill(victim.zygotes(), signal.SIGSTOP)


def kill_supervisor(victim: Victim, source: random.Random) -> bool:
    return _kill(victim.supervisors())


def kill_some(victim: Victim, source: random.Random) -> bool:
    everything = victim.processes()
    source.shuffle(everything)
    return _kill([process for process in everything if source.random() < 0.5])


def kill_zygote_and_leader(victim: Victim, source: random.Random) -> bool:
    found = _kill(victim.zygotes())
    os.kill(victim.leader.pid, signal.SIGKILL)
    return found


def interrupt_twice(victim: Victim, source: random.Random) -> bool:
    for _ in range(source.choice([2, 3])):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(victim.leader.pid, signal.SIGINT)
        time.sleep(source.uniform(0.0, 0.3))
    return True


Fault = Callable[[Victim, random.Random], bool]
#: Name: what is done, whether the leader ends by it, and under which models.
FAULTS: dict[str, tuple[Fault, bool, tuple[str, ...]]] = {
    "SIGKILL leader": (kill_leader, True, MODELS),
    "SIGKILL process group": (kill_group, True, MODELS),
    "SIGKILL zygote": (kill_zygote, False, MODELS),
    "SIGKILL zygote, then leader": (kill_zygote_and_leader, True, MODELS),
    "SIGKILL cell": (kill_cell, False, MODELS),
    "SIGSTOP cell": (stop_cell, False, MODELS),
    "SIGSTOP zygote": (stop_zygote, False, MODELS),
    "SIGKILL supervisor of a queue": (kill_supervisor, False, QUEUES),
    "SIGKILL leader of queues": (kill_leader, True, QUEUES),
    "SIGKILL leader of Dask": (kill_leader, True, CLUSTER),
    "SIGKILL cell of Dask": (kill_cell, False, CLUSTER),
    "SIGKILL each process with chance 1/2": (kill_some, False, MODELS),
    "SIGINT two or three times": (interrupt_twice, False, MODELS),
}


def trial(folder: Path, name: str, source: random.Random, *, seconds_most: float = 1.0) -> Ended:
    """One session that meets a fault at a random moment after its first visits."""
    fault, leader_ends, models = FAULTS[name]
    chosen = source.sample(models, 2) if len(models) > 2 else [*models]
    victim = Victim(folder, chosen)
    try:
        victim.wait_for_visits(source.randint(1, 3))
        time.sleep(source.uniform(0.0, seconds_most))
        found, deadline = False, time.monotonic() + SECONDS_TO_APPEAR
        # A cell lives for some hundredths of a second, and between two cells of a queue there are those of others.
        while victim.leader.poll() is None and not (found := fault(victim, source)) and time.monotonic() < deadline:
            time.sleep(0.01)
        if not leader_ends and fault is not interrupt_twice:
            _end_soon(victim)
        ended = victim.aftermath(leader_ends=leader_ends)
        ended.missed = not found
        return ended
    finally:
        _kill(victim.processes())


def missing(name: str) -> list[str]:
    """Models of a fault that cannot run here, with the reason."""
    models = find_models()
    reasons = {model: models[model].availability() for model in FAULTS[name][2]}
    return [f"{model}: {lack.reason}" for model, lack in reasons.items() if lack is not None]


def _end_soon(victim: Victim) -> None:
    """A session that has met its fault has to go on for some visits; then it may stop."""
    before, deadline = victim.visits(), time.monotonic() + SECONDS_TO_END / 2
    while victim.leader.poll() is None and time.monotonic() < deadline and victim.visits() < before + 2:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(victim.leader.pid, signal.SIGINT)
