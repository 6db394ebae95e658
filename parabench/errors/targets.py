"""A function of somebody's own that cannot be advised on, and items that cannot be read."""

from __future__ import annotations

from parabench.errors.base import ParabenchError, UsageError


class TargetUnusable(UsageError):
    """A function that workers would not find, or that cannot be called with one item."""

    def __init__(self, target: str, problem: str, remedy: str) -> None:
        super().__init__(f"{target} cannot be advised on: {problem}; {remedy}")


class ItemsUnusable(UsageError):
    """Items that cannot be read, or of which there are none."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(
            f"--items {text!r} cannot be used: {problem}; expected a file (.json with a list, .jsonl, .csv), a literal "
            "such as [1, 2, 3] or range(200), or a factory module:function that returns a list"
        )


class ItemsTooFew(UsageError):
    """Items that may be run once each, and more interpreters than there are of them."""

    def __init__(self, items: int, interpreters: int) -> None:
        super().__init__(
            f"{items} items that may run once cannot be dealt out among {interpreters} interpreters: "
            "give more items, fewer --python, or --idempotent if they may run again"
        )


class CallsSpent(ParabenchError):
    """The calls that were promised at most are used up, before a batch that would need more."""

    def __init__(self, wanted: int, left: int) -> None:
        super().__init__(f"a batch of {wanted} calls was not begun: {left} of those promised at most are left")


class CallNotMade(ParabenchError):
    """What surrounds a call raised: its set-up, an import in its worker, or what reads its result."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message} (raised around the call, not by it: by the set-up, or by what it imports)")


class WorkloadFileUnusable(UsageError):
    """A file for a workload that cannot be written, or that is not to be overwritten."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"--workload {path} cannot be written: {problem}; name a new file in a folder that there is")


class SetupUnusable(UsageError):
    """A set-up function that workers would not find."""

    def __init__(self, reference: str, problem: str) -> None:
        super().__init__(f"--setup {reference} cannot be used: {problem}; expected module:function without arguments")
