"""Every error parabench raises, with its wording: what failed, the value seen, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # workers import this module, and need no paths
    from pathlib import Path


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
        super().__init__(f"there is no workloads folder {path}: make one, or name another with --workloads-dir DIR")


class BenchmarkPluginMissing(UsageError):
    """Cells were asked for with pytest-benchmark switched off."""

    def __init__(self) -> None:
        super().__init__("cells are measured with pytest-benchmark: run without -p no:benchmark")


class NothingSelected(UsageError):
    """A text that means no stored session."""

    def __init__(self, text: str, offer: Iterable[str]) -> None:
        there = "; ".join(offer) or "nothing: run pytest benchmarks first, or name another folder with --results DIR"
        super().__init__(f"'{text}' means no stored session; there is {there}")


class NothingStored(UsageError):
    """A stored session was asked for that is not there."""

    def __init__(self, folder: object, wanted: str, stored: Iterable[str]) -> None:
        listed = ", ".join(stored) or "none yet"
        super().__init__(f"no session '{wanted}' is stored in {folder}; there are: {listed}")


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


class BrokerNotStarted(ParabenchError):
    """A broker of one's own that does not answer."""

    def __init__(self, where: str, exit_code: int | None) -> None:
        state = "it runs and does not answer" if exit_code is None else f"it ended with {describe_exit(exit_code)}"
        super().__init__(f"the broker at {where} did not start: {state}; look for a limit on memory or processes")


class BrokerNotGiven(UsageError):
    """Workers that have not been told where their queue is."""

    def __init__(self, model: str, variable: str) -> None:
        super().__init__(
            f"where is the queue of '{model}'? Name it with --broker redis://HOST:6379/0, or in ${variable} to keep "
            "its password out of the list of processes"
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
        found = ", ".join(f"{host} ({workers})" for host, workers in sorted(hosts.items()))
        super().__init__(f"{wanted} are wanted at {where}; ready are: {found or 'none'}; {remedy}")


class WorkersDiffer(ParabenchError):
    """Workers elsewhere that would do other work, or do it with other code."""

    def __init__(self, host: str, difference: str) -> None:
        super().__init__(
            f"the workers on {host} are refused: {difference}; install the same there and start them again"
        )


class TaskLost(ParabenchError):
    """A task of which nothing has been heard."""

    def __init__(self, seconds: float, sent: int, trouble: str | None) -> None:
        told = f"; {trouble}" if trouble else ""
        super().__init__(
            f"no result, and no news of any task for {seconds:g} s, after it had been sent {sent} times{told}; a task "
            "may take a quarter of --cell-timeout"
        )


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


class NurseryDied(CellFailed):
    """The process that cells are forked from has ended."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(
            f"the process that starts cells died with {describe_exit(exit_code)}; its error output is above. "
            "The next cell gets a new one"
        )


class CellTimedOut(CellFailed):
    """A cell that did not answer in time; its whole process tree has been killed."""

    def __init__(self, cell: str, step: str, seconds: float) -> None:
        super().__init__(
            f"cell {cell} gave no answer to '{step}' within {seconds:g} s and was killed with all its processes; "
            "raise --cell-timeout if the work is really that long"
        )


class GilSwitchedOn(CellFailed):
    """A cell of a free-threaded interpreter that ran with the GIL after all."""

    def __init__(self, cell: str, module: str) -> None:
        super().__init__(
            f"cell {cell} ran with the GIL: '{module}' has switched it back on in this free-threaded interpreter, so "
            "its times say nothing about it; use a version of that library for free-threaded builds, or measure with "
            "the GIL on purpose (PYTHON_GIL=1)"
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
            "choose another folder with --results DIR or mend this one"
        )


class ResultsKeptElsewhere(ParabenchError):
    """The results folder has become unwritable; what was measured is kept in a temporary file."""

    def __init__(self, cause: StoreNotWritable, kept: object) -> None:
        super().__init__(f"{cause}; what was measured is kept in {kept}")


class MachineBusy(UsageError):
    """Another session measures on this machine."""

    def __init__(self, pid: int | None, started: str | None) -> None:
        who = "another session" if pid is None else f"process {pid}"
        since = "" if started is None else f" since {started}"
        super().__init__(
            f"{who} has been measuring on this machine{since}, and two sessions would measure each other: "
            "wait for it with --on-busy wait, or measure all the same and be marked with --on-busy allow"
        )


class NotFitToMeasure(UsageError):
    """The checks before measuring found something, and the user wants no numbers then."""

    def __init__(self, concerns: Iterable[tuple[str, str]]) -> None:
        listed = "".join(f"\n  {check}: {message}" for check, message in concerns)
        super().__init__(
            f"nothing was measured, because --strict-preflight asks for a machine without faults, and these were found:"
            f"{listed}\nmend them, or leave out --strict-preflight and have them stored with the results"
        )


class ProbeFailed(ParabenchError):
    """The interpreter that is asked what watches the cells did not answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"an interpreter started as cells are did not say what watches it ({problem}): see what it prints with "
            "python -c 'import sys'"
        )


class LockUnusable(ParabenchError):
    """The file that keeps sessions apart cannot be locked."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot lock {path}, which keeps sessions from measuring each other: {cause.strerror or cause}; "
            "mend or remove the file, or name another folder with TMPDIR"
        )


class JournalNotWritable(ParabenchError):
    """The journal of a session does not take another line."""

    def __init__(self, path: object, cause: OSError) -> None:
        super().__init__(
            f"cannot write the journal {path}: {cause.strerror or cause}; measuring stops here, what is in it is kept: "
            "mend the folder or make room, then go on with --resume"
        )


class NothingToResume(UsageError):
    """--resume without a session that could go on."""

    def __init__(self, folder: object, elsewhere: Iterable[str]) -> None:
        others = "".join(f"\n  unfinished on another fingerprint, {other}" for other in elsewhere)
        super().__init__(f"there is no unfinished session in {folder}: run without --resume{others}")


class PlanDiffers(UsageError):
    """--resume with another plan than the session began with."""

    def __init__(self, differences: Iterable[str]) -> None:
        super().__init__(
            f"the unfinished session had another plan, these differ: {'; '.join(differences)}. Repeat its command with "
            "--resume, or store what it has with 'parabench recover'"
        )


class JournalDamaged(ParabenchError):
    """A journal that is not as it was written, beyond a last line torn by a crash."""

    def __init__(self, path: object, line: int, cause: str) -> None:
        super().__init__(
            f"cannot read the journal {path}, line {line}: {cause}; move the file away to go on without it"
        )


class HistoryUnreadable(ParabenchError):
    """A stored session that cannot be read."""

    def __init__(self, path: Path, cause: object, advice: str = "move the file away or restore it") -> None:
        # A file system takes names that are no text; whoever prints the message needs one that is.
        printable = str(path).encode("utf-8", "replace").decode("utf-8")
        super().__init__(f"cannot read the stored session {printable}: {cause}; {advice}")
        self.path = path


class HistoryTooNew(HistoryUnreadable):
    """A stored session of a format that only a later parabench reads; the file is as it should be."""

    def __init__(self, path: Path, stored_format: object, latest_format: int) -> None:
        super().__init__(
            path,
            f"its format is {stored_format}, and this parabench reads formats up to {latest_format}",
            "upgrade parabench: pip install --upgrade parabench",
        )


# --- the GitHub workloads -------------------------------------------------------------------------------------------


class RequestFailed(ParabenchError):
    """A request whose reply is not what the task needs: the task fails, and never returns a guess."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"GET {url} failed: {problem}")


class ForeignAddress(ParabenchError):
    """A redirect or Link header that leads away from the configured host, where no token and no request may go."""

    def __init__(self, url: str, home: str, origin: str) -> None:
        super().__init__(
            f"refused to follow a {origin} from {home} to {url}: it is another host, scheme or port; "
            "if it is the right one, give it as --github-url"
        )


class NetworkRefused(ParabenchError):
    """A connection attempted by a worker of a mocked workload; stopped before it left the machine."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"a mocked workload tried to reach {target}: the request slipped past its mock and was stopped before it "
            "left this machine; mocks answer for their own base URL only (a model's own peers go into PARABENCH_PEERS)"
        )


class MockInUse(ParabenchError):
    """Two mocks with different settings in one process, which can only have one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is already active in this process with other settings; leave that context first")


class RateLimited(ParabenchError):
    """A live request that the API put off for longer than a task may wait."""

    def __init__(self, url: str, problem: str, seconds: float | None, seconds_left: float) -> None:
        told = "at least a minute" if seconds is None else f"{seconds:.0f} s"
        super().__init__(
            f"GET {url} was put off: {problem}; it asks to wait {told}, and this task may wait "
            f"{max(0, seconds_left):.0f} s more; run again later with fewer rounds, passes or workers"
        )


class RateLimitTooLow(ParabenchError):
    """A live run that the API's rate limit does not allow; nothing of it was started."""

    def __init__(self, url: str, needed: int, remaining: int, limit: int, reset: int, *, authenticated: bool) -> None:
        at = datetime.fromtimestamp(reset, UTC).astimezone().strftime("%H:%M:%S %Z").strip()
        token = "" if authenticated else "set GITHUB_TOKEN (5,000 requests an hour instead of 60), "
        super().__init__(
            f"this live run needs up to {needed:,} requests, but {url} has {remaining:,} of {limit:,} left until {at}; "
            f"{token}choose fewer models, passes or rounds, a smaller --size, or wait until then"
        )


class LiveUnreachable(ParabenchError):
    """A live API that does not answer, or not as GitHub does."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"cannot reach the live GitHub API at {url}: {problem}; "
            "check the network and --github-url, or leave out --live"
        )


class TokenUnusable(ParabenchError):
    """A token that cannot be sent. The message must not quote it."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the value of {variable} is no token: it holds spaces or non-ASCII characters; set it anew")


class TokenRejected(ParabenchError):
    """A token that the API does not accept."""

    def __init__(self, url: str, variable: str, message: str) -> None:
        super().__init__(f"{url} rejected the token in {variable}: {message}; renew it or unset the variable")


class TooManyAtOnce(ParabenchError):
    """A live batch that could have more requests under way than GitHub allows."""

    def __init__(self, tasks: int, most: int) -> None:
        super().__init__(f"a live batch of {tasks} tasks could ask {tasks} times at once; GitHub allows {most} at once")


class ServerNotReady(ParabenchError):
    """The loopback server's process that did not come up."""

    def __init__(self, exit_code: int | None, output: str) -> None:
        state = "said nothing in time" if exit_code is None else f"ended with {describe_exit(exit_code)}"
        super().__init__(f"the loopback server {state} before it was ready: {output.strip() or 'it printed nothing'}")


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


class RunDamaged(ParabenchError):
    """The record of a run of several sessions that cannot be read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"the record {path} of an unfinished run cannot be read: {problem}; remove it to begin anew")


class TooFewSessions(ParabenchError):
    """A calibration without enough whole sessions."""

    def __init__(self, found: int, least: int) -> None:
        super().__init__(
            f"{found} sessions with a cell that all of them measured say nothing: {least} are needed at least, and "
            "cells that do not fail"
        )


class ReportExtraMissing(UsageError):
    """Something that needs the libraries of an extra."""

    def __init__(self, what: str, library: str) -> None:
        super().__init__(f"{what} need {library}, which is not installed: pip install 'parabench[report]'")


class GitFailed(UsageError):
    """A git command that did not do what a run needs."""

    def __init__(self, arguments: Iterable[str], problem: str) -> None:
        super().__init__(f"git {' '.join(arguments)} failed: {problem}")


class RunExtraMissing(UsageError):
    """Interpreters are found, and their environments made, by libraries of an extra."""

    def __init__(self, library: str, cause: BaseException) -> None:
        super().__init__(f"--python needs {library} ({cause}): pip install 'parabench[run]'")


class InterpreterNotFound(UsageError):
    """A name that no interpreter of this machine answers to."""

    def __init__(self, name: str, found: Iterable[str]) -> None:
        listed = "\n".join(f"    {one}" for one in found) or "    none"
        super().__init__(
            f"no interpreter answers to '{name}'. Found on this machine:\n{listed}\n"
            f"'uv python install {name}' would get it"
        )


class InterpreterLacks(UsageError):
    """A switch of an interpreter that it does not have."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"'{name}' cannot be had: this build has not got {what}")


class SameInterpreter(UsageError):
    """Two names for one interpreter: they would be compared with themselves."""

    def __init__(self, one: str, other: str, executable: str) -> None:
        super().__init__(f"'{one}' and '{other}' are the same interpreter, {executable}: name each once")


class EnvironmentNotMade(ParabenchError):
    """An environment that could not be made for an interpreter."""

    def __init__(self, interpreter: str, step: str, lines: Iterable[str]) -> None:
        shown = "\n".join(f"    {line}" for line in lines)
        super().__init__(f"there is no environment for {interpreter}: '{step}' failed:\n{shown}")


class SessionNotRun(ParabenchError):
    """A session of a run that did not come to its end."""

    def __init__(self, number: int, arm: str, status: int, lines: Iterable[str]) -> None:
        of_arm = f" of {arm}" if arm else ""
        shown = "\n".join(f"    {line}" for line in lines)
        super().__init__(
            f"session {number}{of_arm} did not run to its end (exit status {status}):\n{shown}\n"
            "mend it and go on with parabench run --resume; the sessions before it are stored"
        )
