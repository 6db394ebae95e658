"""Every error parabench raises, with its wording: what failed, the value seen, what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class ParabenchError(Exception):
    """Base of all errors of this package; catch it to catch them all."""


class UsageError(ParabenchError):
    """The user asked for something that does not exist or cannot be combined."""


class UnknownName(UsageError):
    """A workload, model or other name that nothing answers to."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(f"no {what} matches '{name}'; known: {listed}")
        self.name = name


class InvalidOption(UsageError):
    """An option's value that cannot be used."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(f"{option} {value!r} cannot be used: expected {expected}")


class DuplicateName(ParabenchError):
    """Two workloads or two models that claim one name."""

    def __init__(self, what: str, name: str, first: str, second: str) -> None:
        super().__init__(f"two {what}s are called '{name}': {first} and {second}; rename one")


class WorkloadNotLoadable(ParabenchError):
    """A file under the workloads folder that cannot be imported."""

    def __init__(self, path: object, cause: BaseException) -> None:
        super().__init__(
            f"cannot import the workload file {path}: {type(cause).__name__}: {cause}; "
            "mend the file or move it out of the workloads folder"
        )


class InvalidWorkload(ParabenchError):
    """A workload whose definition breaks the contract of tasks."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"workload '{name}' is not usable: {problem}")


class ModelUnavailable(ParabenchError):
    """A model that this machine or interpreter cannot run."""

    def __init__(self, name: str, reason: str, install: str | None) -> None:
        hint = f"; install it with: {install}" if install else ""
        super().__init__(f"model '{name}' cannot run here: {reason}{hint}")


class WorkerDied(ParabenchError):
    """A worker that ended before its task did; the fault is the task's or the system's, not the harness's."""

    def __init__(self, worker: str, exit_code: int | None) -> None:
        super().__init__(f"worker {worker} died with {describe_exit(exit_code)} before its task was done")
        self.exit_code = exit_code


class CellFailed(ParabenchError):
    """A cell that gave no valid measurement; its times are kept out of every comparison."""


class CellProcessDied(CellFailed):
    """The process that runs a cell ended in the middle of it."""

    def __init__(self, cell: str, step: str, exit_code: int | None) -> None:
        super().__init__(
            f"the process of cell {cell} died with {describe_exit(exit_code)} during '{step}'; "
            "a task or a library crashed it: run the task alone under faulthandler to see where"
        )
        self.exit_code = exit_code


class CellTimedOut(CellFailed):
    """A cell that did not answer in time; its whole process tree has been killed."""

    def __init__(self, cell: str, step: str, seconds: float) -> None:
        super().__init__(
            f"cell {cell} gave no answer to '{step}' within {seconds:g} s and was killed with all its processes; "
            "raise --cell-timeout if the work is really that long"
        )


class WrongResult(CellFailed):
    """A batch whose results are not those of the sequential model, or that break the workload's own check."""


class TasksFailed(CellFailed):
    """A batch in which tasks raised or lost their worker."""


class StoreNotWritable(ParabenchError):
    """The results folder does not take files."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot write results into {path}: {cause.strerror or cause}; "
            "nothing was measured: choose another folder with --results DIR or mend its permissions"
        )


class HistoryUnreadable(ParabenchError):
    """A stored session that cannot be read."""

    def __init__(self, path: object, cause: object) -> None:
        super().__init__(f"cannot read the stored session {path}: {cause}; move the file away or restore it")


def describe_exit(exit_code: int | None) -> str:
    """Exit status in words: negative codes are signals, None is unknown."""
    if exit_code is None:
        return "an unknown exit status"
    if exit_code < 0:
        import signal

        try:
            return f"signal {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit status {exit_code}"
