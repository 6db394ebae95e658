"""Workers, brokers and schedulers that do not come, do not stay, or do other work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parabench.errors.base import ParabenchError, UsageError, describe_exit
from parabench.errors.spelling import spelled


class WorkerDied(ParabenchError):
    """A worker that ended before its task did; the fault is the task's or the system's, not the harness's."""

    def __init__(self, worker: str, exit_code: int | None) -> None:
        super().__init__(f"worker {worker} died with {describe_exit(exit_code)} before its task was done")
        self.exit_code = exit_code


class WorkersNotStarted(ParabenchError):
    """A pool that never had all the workers it was asked for."""

    def __init__(self, wanted: int, started: int, seconds: float) -> None:
        super().__init__(
            f"only {started} of {wanted} workers answered within {seconds:g} s; "
            "ask for fewer workers, or look for a limit on processes or threads"
        )


class CallNotInstalled(ParabenchError):
    """A batch for workers that were opened for another task."""

    def __init__(self, asked: str, installed: str) -> None:
        super().__init__(
            f"these workers were opened for {installed} and cannot run {asked} with another task, context or settings; "
            "open the model with the call of the batch"
        )


class ChunkUnknown(UsageError):
    """A chunk that a model does not make."""

    def __init__(self, model: str, chunk: str, known: Sequence[str]) -> None:
        super().__init__(f"{model} sends no chunks of '{chunk}': choose {' or '.join(known)}")


class BrokerNotStarted(ParabenchError):
    """A broker of one's own that does not answer."""

    def __init__(self, where: str, exit_code: int | None) -> None:
        state = "it runs and does not answer" if exit_code is None else f"it ended with {describe_exit(exit_code)}"
        super().__init__(f"the broker at {where} did not start: {state}; look for a limit on memory or processes")


class BrokerNotGiven(UsageError):
    """Workers that have not been told where their queue is."""

    def __init__(self, model: str, variable: str) -> None:
        super().__init__(
            f"where is the queue of '{model}'? Name it with {spelled('--broker')} redis://HOST:6379/0, or in "
            f"${variable} to keep its password out of the list of processes"
        )


class BrokerUnreachable(ParabenchError):
    """A broker that somebody else runs and that does not answer, or not to us; `where` has no password."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"the broker at {where} cannot be used: {reason}; see that it runs, that this machine may reach it, and "
            "that user and password are right"
        )


class BrokerLost(ParabenchError):
    """A broker that no longer answers."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the broker no longer answers: {reason}")


class SchedulerUnreachable(ParabenchError):
    """A scheduler or cluster that somebody else runs and that does not answer, or not to us."""

    def __init__(self, what: str, where: str, reason: str) -> None:
        super().__init__(
            f"the {what} at {where} cannot be used: {reason}; see that it runs, that this machine may reach it, and "
            "that both ends have the same settings"
        )


class WorkersMissing(ParabenchError):
    """Workers elsewhere that are not those that a cell is for."""

    def __init__(self, wanted: str, hosts: Mapping[str, int], where: str, remedy: str) -> None:
        ready = ", ".join(f"{host} ({workers})" for host, workers in sorted(hosts.items()))
        super().__init__(f"{wanted} are wanted at {where}; ready are: {ready or 'none'}; {remedy}")


class WorkersDiffer(ParabenchError):
    """Workers elsewhere that would do other work, or do it with other code."""

    def __init__(self, host: str, difference: str) -> None:
        super().__init__(
            f"the workers on {host} are refused: {difference}; install the same there and start them again"
        )


class QueueHeld(ParabenchError):
    """Workers that another client has at this moment: two would purge and measure each other's messages."""

    def __init__(self, where: str, namespace: str, host: str, pid: int, started: str) -> None:
        super().__init__(
            f"the workers of {namespace} at {where} are held by process {pid} on {host} since {started}; wait for its "
            "end, or start workers of your own at another broker or database"
        )


class WorkersTooMany(ParabenchError):
    """More workers have had a part in a batch than it is measured with."""

    def __init__(self, model: str, wanted: int, used: int) -> None:
        super().__init__(
            f"{used} workers of {model} have done tasks of a batch for {wanted}: other ones take messages of the same "
            "queue; end them, or name another broker"
        )


class MessageRefused(ParabenchError):
    """A message that a worker does not act upon."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason}; a worker takes the workloads that it has listed, from one client")


class TaskLost(ParabenchError):
    """A task of which nothing has been heard."""

    def __init__(self, seconds: float, sent: int, trouble: str | None) -> None:
        news = f"; {trouble}" if trouble else ""
        super().__init__(
            f"no result, and no news of any task for {seconds:g} s, after it had been sent {sent} times{news}; a task "
            f"may take a quarter of {spelled('--cell-timeout')}"
        )
