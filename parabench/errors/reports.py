"""What cannot be shown as a page or a picture."""

from __future__ import annotations

from collections.abc import Iterable

from parabench.errors.base import UsageError


class NothingToReport(UsageError):
    """A results folder without a session of parabench."""

    def __init__(self, results: object, problems: Iterable[str]) -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(
            f"there is no session to report in {results}: run 'pytest benchmarks', or name another folder with "
            f"--results DIR{listed}"
        )


class LibraryMissing(UsageError):
    """A form of the report whose library is not installed."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        super().__init__(f"{what} needs {library}, which is not installed: pip install 'parabench[{extra}]'")
