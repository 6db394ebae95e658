"""Cells that gave no valid measurement, and machines not fit to measure."""

from __future__ import annotations

from collections.abc import Iterable

from parabench.errors.base import ParabenchError, UsageError, describe_exit
from parabench.errors.spelling import spelled


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


class ZygoteDied(CellFailed):
    """The process that cells are forked from has ended."""

    def __init__(self, exit_code: int | None) -> None:
        what = "did not answer and was killed" if exit_code is None else f"died with {describe_exit(exit_code)}"
        super().__init__(
            f"the process that starts cells {what}; what it wrote is above, and a task may have stopped it. "
            "The next cell gets a new one"
        )


class CellTimedOut(CellFailed):
    """A cell that did not answer in time; its whole process tree has been killed."""

    def __init__(self, cell: str, step: str, seconds: float) -> None:
        super().__init__(
            f"cell {cell} gave no answer to '{step}' within {seconds:g} s and was killed with all its processes; "
            f"raise {spelled('--cell-timeout')} if the work is really that long"
        )
        self.step = step


class ServiceTimedOut(CellFailed):
    """A service of a workload that did not start or end in time."""

    def __init__(self, workload: str, step: str, seconds: float) -> None:
        more = f"; raise {spelled('--cell-timeout')} if it really takes that long" if step == "start" else ""
        super().__init__(
            f"the service of workload '{workload}' did not {step} within {seconds:g} s and was given up{more}"
        )


class GilSwitchedOn(CellFailed):
    """A cell of a free-threaded interpreter that ran with the GIL after all."""

    def __init__(self, cell: str, module: str) -> None:
        super().__init__(
            f"cell {cell} ran with the GIL: '{module}' has switched it back on in this free-threaded interpreter, so "
            "its times say nothing about it; use a version of that library for free-threaded builds, or measure with "
            "the GIL on purpose (PYTHON_GIL=1)"
        )


class CellDisturbed(CellFailed):
    """Something else had a part in a round and in its repetition, in a visit and in the one that repeated it."""

    def __init__(self, cell: str, causes: Iterable[str]) -> None:
        super().__init__(
            f"cell {cell} has no clean round: something else had a part in one and in its repetition, in a visit and "
            f"in the next ({'; '.join(causes)}); see to the workers and the broker, and measure again"
        )


class WrongResult(CellFailed):
    """A batch whose results are not those of the sequential model, or that break the workload's own check."""


class TasksFailed(CellFailed):
    """A batch in which tasks raised or lost their worker."""


class NotComparable(ParabenchError):
    """A result that is not JSON, and for which nothing stands that could be compared."""

    def __init__(self, kind: str, problem: str | None = None) -> None:
        if kind == "coroutine":
            super().__init__(
                "the task returned a coroutine, which nobody awaits: write the task itself as `async def`, or name its "
                "coroutine function with task_async="
            )
            return
        why = problem or "it is neither JSON nor of a type that is compared by a digest"
        super().__init__(
            f"a result of type {kind} cannot be compared with that of another model: {why}; return JSON, bytes, an "
            "array, a data frame or a dataclass of such, or name a function in the workload that makes JSON of a "
            "result: digest=FUNCTION"
        )


class FindingsUnusable(ParabenchError):
    """What a workload found in a round is not JSON, so that it cannot be stored."""

    def __init__(self, problem: object) -> None:
        super().__init__(
            f"what after_round found is not JSON: {problem}; give finite numbers, texts, lists and objects of them"
        )


class EndDisturbed(ParabenchError):
    """A service, a process or a file of a session raised when it was ended."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"what the session had started did not end as it should: {type(cause).__name__}: {cause}; its results are "
            "not touched by that, but see that nothing of it still runs"
        )


class MachineBusy(UsageError):
    """Another session measures on this machine."""

    def __init__(self, pid: int | None, started: str | None) -> None:
        who = "another session" if pid is None else f"process {pid}"
        since = "" if started is None else f" since {started}"
        on_busy = spelled("--on-busy")
        super().__init__(
            f"{who} has been measuring on this machine{since}, and two sessions would measure each other: "
            f"wait for it with {on_busy} wait, or measure all the same and be marked with {on_busy} allow"
        )


class NotFitToMeasure(UsageError):
    """The checks before measuring found something, and the user wants no numbers then."""

    def __init__(self, concerns: Iterable[tuple[str, str]]) -> None:
        listed = "".join(f"\n  {check}: {message}" for check, message in concerns)
        strict = spelled("--strict-preflight")
        super().__init__(
            f"nothing was measured, because {strict} asks for a machine without faults, and these were found:"
            f"{listed}\nmend them, or leave out {strict} and have them stored with the results"
        )


class ProbeFailed(ParabenchError):
    """The interpreter that is asked what watches the cells did not answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"an interpreter started as cells are did not say what watches it ({problem}): see what it prints with "
            "python -c 'import sys'"
        )


class LockUnusable(ParabenchError):
    """What keeps sessions apart, a name or a file, cannot be had."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot lock {path}, which keeps sessions from measuring each other: {cause.strerror or cause}; "
            "mend or remove what is in its place, or choose another name with PARABENCH_LOCK"
        )


class LawBroken(ParabenchError):
    """A cell was faster than the law of its workload says is possible."""

    def __init__(self, cell: str, seconds: float, seconds_least: float, law: str) -> None:
        super().__init__(
            f"{cell} took {seconds:.4g} s in its slowest pass, but {seconds_least:.4g} s are the least possible by the "
            f"law of its workload ({law}): the law is wrong. Mend the workload's `limit`; shares of it mean nothing"
        )
