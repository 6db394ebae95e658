"""The model of a task queue: a broker, workers, and batches of which no task is waited for without end.

What may go wrong on the way, and what is done about it:

    a worker process dies       its supervisor says which task it had; that task is sent once more, then given up;
                                it may have had messages in store: silence is then soon taken for their loss
                                (one that its library replaces itself is counted, and its library sends its task again)
    a host is cut off, or hangs nothing comes for `seconds_silence`: what is open is sent once more, then given up;
                                sooner when the host's supervisor has not been heard of either
    the broker goes away        waited for as for a host; a broker of the model's own cannot come back
    a task is done twice        both of it are counted; the first result is the one that counts
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parabench.errors import BrokerLost, ParabenchError, TaskLost, WorkerDied, WorkersNotStarted, WorkersTooMany
from parabench.queues.crew import Crew
from parabench.queues.library import QueueClient
from parabench.records import Failure, Outcome, Trace
from parabench.task import Batch, TaskCall, call_to_text, failed, lost
from parabench.workers.introduction import introduction_for
from parabench.workers.pools import SECONDS_TO_LEAVE, SECONDS_TO_START, wait_for_workers
from parabench.workers.services import Services

#: A task may take so many workers along before it is given up.
DEATHS_MOST = 1
#: Between two looks at what may have gone wrong while a result is waited for.
SECONDS_LOOK = 0.2
#: When a worker has died or a host has not been heard of, silence is taken for a loss so soon.
SECONDS_SILENCE_SUSPECT = 3.0


@dataclass(slots=True, eq=False)
class _Task:
    id: str
    arguments: list[Any]
    #: One for each time it was sent.
    tickets: list[Any] = field(default_factory=list)
    deaths: int = 0
    outcome: Outcome | None = None


class QueueRun:
    """Runs batches on the workers of one queue."""

    def __init__(
        self,
        model: str,
        queue: QueueClient,
        crew: Crew,
        supervisor: subprocess.Popen[str] | None,
        services: Services,
    ) -> None:
        self._model = model
        self._queue = queue
        self._crew = crew
        self._supervisor = supervisor
        self._services = services
        #: In every message; workers take messages of the session that has greeted them.
        self._token = uuid.uuid4().hex
        self._workers = 0
        self._call: TaskCall | None = None
        self._batches = 0
        self._twice = 0
        self._tasks: list[_Task] = []
        self._news = 0.0
        self._sent_again = False
        self._died = False
        self._trouble: str | None = None
        self._workers_lost = 0
        self._broker_lost = False
        #: What the process tree of the cell cannot show.
        self.blind = (
            "workers that the user has started are not in the process tree: their CPU time is in the timeline only"
            if services.workers_external
            else None
        )

    def __call__(self, batch: Batch) -> list[Outcome]:
        """Send all tasks, and wait for what becomes of each."""
        text = call_to_text(batch.call)
        self._batches += 1
        self._sent_again, self._died, self._trouble = False, False, None
        self._workers_lost, self._broker_lost = 0, False
        self._tasks = [_Task(f"{self._batches}.{n}", [self._token, text, item]) for n, item in enumerate(batch.items)]
        self._news = time.monotonic()
        for task in self._tasks:
            self._send(task)
        for task in self._tasks:
            self._wait_for(task)
        outcomes = [task.outcome for task in self._tasks if task.outcome is not None]
        if batch.call.traced:
            self._check_workers(outcomes)
            return self._crew.align(outcomes)
        return outcomes

    def findings(self) -> dict[str, Any]:
        """What the last batch showed beside its outcomes; asked for when the clock has stopped."""
        again = [task for task in self._tasks if len(task.tickets) > 1]
        try:
            traffic: dict[str, Any] = self._crew.traffic()
        except Exception as error:  # the broker is gone
            traffic = {"bytes_received": None, "bytes_sent": None, "bytes_reason": f"{type(error).__name__}: {error}"}
        self._broker_lost |= traffic["bytes_received"] is None
        self._twice = self._done_twice()
        return {"queue": {**traffic, "tasks_sent_again": len(again), "tasks_done_twice": self._twice}}

    def disturbed(self) -> dict[str, int]:
        """What else had a part in the last batch, by cause; asked for after `findings`. Empty: nothing had."""
        counts = {
            "tasks sent again": sum(len(task.tickets) > 1 for task in self._tasks),
            "tasks done twice": self._twice,
            "workers lost": self._workers_lost,
            "broker lost": int(self._broker_lost),
        }
        try:
            surplus, deaths = self._crew.roll_call()
            counts["workers lost"] += len(deaths)  # those whose tasks were done already
            counts |= {"workers too many": max(0, surplus), "workers missing": max(0, -surplus)}
        except Exception:  # the broker is gone: nobody can be counted
            counts["broker lost"] = 1
        if counts["workers lost"]:
            self._meet_replacements()
        return {cause: count for cause, count in counts.items() if count}

    def greet(self, workers: int, call: TaskCall, seconds_most: float = SECONDS_TO_START) -> None:
        """Have every worker prepare the call. Raises WorkersNotStarted, or WorkersDiffer when one will not do it."""
        expected, self._workers, self._call = introduction_for(call), workers, call
        deadline = time.monotonic() + seconds_most
        greeting = [call_to_text(call), self._token, expected]
        wait_for_workers(
            workers, lambda pauses: self._ask("greet", [[*greeting, p] for p in pauses], deadline), seconds_most
        )

    def _meet_replacements(self) -> None:
        """Wait until the workers that are there instead of lost ones are ready: the next round is about all of them."""
        assert self._call is not None, "workers are greeted before the first batch"
        with contextlib.suppress(Exception):  # nobody has replaced them, or the broker is gone: the next round tells
            self.greet(self._workers, self._call, self._services.seconds_silence)
            self._crew.traffic()  # what that took is not the next batch's

    def _check_workers(self, outcomes: Sequence[Outcome]) -> None:
        """Raise WorkersTooMany if more workers have done a batch than were asked for; each lost one has a successor."""
        used = {(trace.host, trace.worker) for _, _, trace in outcomes if trace is not None}
        if len(used) > self._workers + self._workers_lost:
            for death in self._crew.roll_call()[1]:  # nobody has asked if no result was waited for
                self._note(death)
        if len(used) > self._workers + self._workers_lost and not self._died:
            raise WorkersTooMany(self._model, self._workers, len(used))

    def leave(self, workers: int) -> None:
        """Have every worker leave its contexts; where workers have died, theirs are gone, too."""
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        with contextlib.suppress(ParabenchError):
            wait_for_workers(
                workers, lambda pauses: self._ask("leave", [[pause] for pause in pauses], deadline), SECONDS_TO_LEAVE
            )

    def _ask(self, function: str, arguments: list[list[Any]], deadline: float | None = None) -> list[str]:
        tickets = [self._queue.send(function, each) for each in arguments]
        until = deadline or time.monotonic() + SECONDS_TO_START
        workers: list[str] = []
        for ticket in tickets:
            while (text := self._queue.take(ticket, SECONDS_LOOK)) is None:
                if time.monotonic() > until or self._ended():
                    raise WorkersNotStarted(len(arguments), len(workers), SECONDS_TO_START)
            answer = json.loads(text)
            if "refusal" in answer:
                self._crew.refuse(answer["host"], answer["refusal"])
            workers.append(answer["worker"])
        return workers

    def _ended(self) -> bool:
        return self._supervisor is not None and self._supervisor.poll() is not None

    def _send(self, task: _Task) -> None:
        if self._trouble is not None:  # one send has failed for want of a broker: the others wait with it
            return
        try:
            task.tickets.append(self._queue.send("work", [task.id, *task.arguments]))
        except BrokerLost as error:
            self._trouble, self._broker_lost = str(error), True
        except Exception as error:  # an item that cannot be sent
            task.outcome = failed(error)

    def _wait_for(self, task: _Task) -> None:
        while task.outcome is None:
            if not task.tickets:
                time.sleep(SECONDS_LOOK)
            for n, ticket in enumerate(reversed(task.tickets)):
                if self._take(task, ticket, SECONDS_LOOK if n == 0 else 0):
                    break
            else:
                self._look()

    def _take(self, task: _Task, ticket: Any, seconds: float) -> bool:
        try:
            text = self._queue.take(ticket, seconds)
        except BrokerLost as error:
            self._trouble, self._broker_lost = str(error), True
            time.sleep(SECONDS_LOOK)
            return False
        except Exception as error:  # what the library says of a call that went wrong
            task.outcome = failed(error)
            return True
        if text is None:
            return False
        value, failure, trace = json.loads(text)
        task.outcome = Outcome(value, Failure(*failure) if failure else None, Trace(*trace) if trace else None)
        self._news = time.monotonic()
        return True

    def _look(self) -> None:
        """Nothing has come for a moment: is there a reason to expect that nothing will?"""
        if self._ended():
            assert self._supervisor is not None
            self._give_up(
                WorkerDied(f"supervisor {self._supervisor.pid} of {self._model}", self._supervisor.returncode)
            )
            return
        absent: list[str] = []
        try:
            for death in self._crew.deaths():
                self._note(death)
            silence = time.monotonic() - self._news
            if silence > SECONDS_SILENCE_SUSPECT:
                absent = self._crew.absent()
        except Exception as error:  # redis has no one word for a broker that is gone
            self._trouble, self._broker_lost = f"{type(error).__name__}: {error}", True
            if self._services.broker is None:
                self._give_up(BrokerLost(self._trouble))
                return
            silence = time.monotonic() - self._news
        if absent:
            self._trouble = f"nothing has been heard of {', '.join(absent)}"
        suspect = (absent or self._died) and not self._sent_again
        if silence <= (SECONDS_SILENCE_SUSPECT if suspect else self._services.seconds_silence):
            return
        if self._sent_again:
            self._give_up(None)
            return
        self._sent_again, self._news = True, time.monotonic()
        trouble, self._trouble = self._trouble, None
        for task in self._open():
            self._send(task)
        self._trouble = self._trouble or trouble

    def _note(self, death: dict[str, Any]) -> None:
        """A worker has died: send its tasks again, or give them up."""
        self._news, self._died = time.monotonic(), self._died or not death["returned"]
        self._workers_lost += 1
        for task in self._open():
            if task.id in death["tasks"]:
                task.deaths += 1
                if task.deaths > DEATHS_MOST:
                    pid = death["worker"].rpartition(":")[2]  # names of this host stay out of stored files
                    worker = death["worker"] if self._services.workers_external else pid
                    task.outcome = lost(WorkerDied(worker, death["exit_code"]))
                else:
                    self._send(task)

    def _open(self) -> list[_Task]:
        return [task for task in self._tasks if task.outcome is None]

    def _give_up(self, error: ParabenchError | None) -> None:
        waiting, total = self._open(), len(self._tasks)
        done, twice = total - len(waiting), self._done_twice()
        for task in waiting:
            reason = error or TaskLost(self._services.seconds_silence, len(task.tickets), self._trouble)
            task.outcome = lost(reason)
        if waiting:
            first = waiting[0].outcome
            assert first is not None
            assert first.failure is not None
            message = f"{first.failure.message} ({done} of {total} tasks done, {len(waiting)} lost, {twice} done twice)"
            waiting[0].outcome = Outcome(None, first.failure._replace(message=message))

    def _done_twice(self) -> int:
        return sum(self._results(task) > 1 for task in self._tasks if len(task.tickets) > 1)

    def _results(self, task: _Task) -> int:
        results = 0
        for ticket in task.tickets:
            with contextlib.suppress(Exception):  # gone, or went wrong: not a result
                results += self._queue.take(ticket, 0) is not None
        return results
