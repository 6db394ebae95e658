"""What was asked for does not exist, or cannot be had here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from parabench.errors.base import ParabenchError, UsageError, listed, meant
from parabench.errors.spelling import spelled


class UnknownName(UsageError):
    """A workload, model or other name that nothing answers to."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = set(known)
        super().__init__(f"no {what} matches '{name}'{meant(name, known)}; known: {listed(known)}")
        self.name = name


class InvalidOption(UsageError):
    """An option's value that cannot be used."""

    def __init__(self, option: str, value: object, expected: str, known: Collection[str] = ()) -> None:
        """`known`: the names that it has to be one of, if it is a name."""
        super().__init__(f"{option} {value!r} cannot be used: expected {expected}{meant(str(value), known)}")


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


class NothingDeclared(ParabenchError):
    """A file under the workloads folder in which no workload can be found."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"the workload file {path} declares no workload: decorate a function with @workload, leave one public "
            "function in it, or begin its name with an underscore if it only helps other files"
        )


class NoWorkloads(UsageError):
    """Cells were asked for where there is no folder of workloads."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"there is no workloads folder {path}: make one, or name another with {spelled('--workloads-dir')} DIR"
        )


class ProjectUnreadable(UsageError):
    """The ini file of a project cannot be read."""

    def __init__(self, folder: object, cause: BaseException) -> None:
        super().__init__(f"cannot read what pytest is told in {folder} or above: {cause}; mend that file")


class GalleryMissing(UsageError):
    """An installation without the workloads that come with parabench."""

    def __init__(self) -> None:
        super().__init__(
            "the workloads that come with parabench are not installed: install it from its wheel or its checkout, or "
            "write your own into a folder workloads/"
        )


class BenchmarkPluginMissing(UsageError):
    """Cells were asked for with pytest-benchmark switched off."""

    def __init__(self) -> None:
        super().__init__("cells are measured with pytest-benchmark: run without -p no:benchmark")


class SystemLacks(UsageError):
    """Something that this operating system cannot do."""

    def __init__(self, what: str, system: str, missing: Iterable[str]) -> None:
        super().__init__(
            f"{what} needs {', '.join(missing)}, which Python has not on this system ({system}); stored sessions can "
            "be compared and listed here, docs/platforms.md says what works where"
        )


class NothingToMeasure(UsageError):
    """Tests ask for cells, and no workload is of a kind that they take."""

    def __init__(self, folder: object, kinds: Mapping[str, str], taken: Iterable[str]) -> None:
        if not kinds:
            super().__init__(f"there is nothing to measure: no workload of {folder} was chosen; add one there")
            return
        chosen = listed(f"{name} ({kind})" for name, kind in kinds.items())
        marks = ", ".join(f"@pytest.mark.{kind}" for kind in sorted(set(kinds.values())))
        super().__init__(
            f"no test measures what was chosen: {chosen}; the tests here take {', '.join(taken)}. Write one with "
            f"{marks}, or one without a mark, which takes every kind that no other test takes"
        )


class NothingSelected(UsageError):
    """A text that means no stored session."""

    def __init__(self, text: str, offer: Iterable[str], known: Collection[str] = ()) -> None:
        there = (
            "; ".join(offer)
            or f"nothing: run parabench bench first, or name another folder with {spelled('--results')} DIR"
        )
        super().__init__(f"'{text}' means no stored session{meant(text, known)}; there is {there}")


class NothingStored(UsageError):
    """A stored session was asked for that is not there."""

    def __init__(self, folder: object, wanted: str, stored: Iterable[str]) -> None:
        stored = list(stored)
        there = listed(stored) if stored else "none yet"
        super().__init__(f"no session '{wanted}' is stored in {folder}{meant(wanted, stored)}; there are: {there}")


class NothingToExplain(UsageError):
    """No cell with a time answers to what was asked for."""

    def __init__(self, session: str, asked: str | None, cells: Iterable[str]) -> None:
        known = set(cells)
        what = "cell with a time" if asked is None else f"cell '{asked}'"
        there = f"it has {listed(known)}" if known else "it has none: measure with pytest benchmarks"
        super().__init__(f"there is no {what} in {session}{meant(asked or '', known)}: {there}")


class NothingToScale(UsageError):
    """Sessions in which no model was measured with several numbers of workers."""

    def __init__(self, sessions: Iterable[str], workloads: Iterable[str] = ()) -> None:
        asked = ", ".join(workloads)
        super().__init__(
            f"no model {f'of {asked} ' if asked else ''}has several numbers of workers in "
            f"{', '.join(sessions) or 'no session'}: measure with parabench scale WORKLOAD --workers 1,2,4,8,16"
        )


class SeveralMachines(UsageError):
    """Sessions of several machines or interpreters, where each has to be another look at the same thing."""

    def __init__(self, option: str, text: str, sessions: Mapping[str, int], example: str) -> None:
        there = ", ".join(f"{machine} ({number})" for machine, number in sessions.items())
        super().__init__(
            f"{option} '{text}' means sessions of {len(sessions)} machines or interpreters, which do not repeat each "
            f"other: {there}; name one of them, such as {option} '{example}'"
        )


class FigureNotStored(UsageError):
    """A figure was asked for that no session has."""

    def __init__(self, metric: str, figure: str, sessions: int) -> None:
        super().__init__(
            f"none of {sessions} sessions has {metric} of any cell: their files say why beside `{figure}`, and "
            "pytest-benchmark alone does not record it; leave --metric out, or choose other --sessions"
        )


class NotExportable(UsageError):
    """What cannot be written for other tools: there is nothing of it, or no place for it."""

    def __init__(self, what: str, problem: str | None = None) -> None:
        super().__init__(
            f"cannot write {what}: {problem}; name another file with --output"
            if problem is not None
            else f"no cell of session {what} was traced, so there are no timelines to export; choose other --sessions"
        )


class ModelNotLoadable(ParabenchError):
    """A model file that cannot be imported although models import nothing foreign at the top."""

    def __init__(self, module: str, cause: BaseException) -> None:
        super().__init__(
            f"cannot import the model file {module}: {type(cause).__name__}: {cause}; "
            "third-party imports belong inside its open() and availability()"
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
