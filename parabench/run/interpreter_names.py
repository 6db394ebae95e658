"""The interpreters of a run, by the names that tox and virtualenv know them by, and switches of theirs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

from parabench.errors import (
    InterpreterLacks,
    InterpreterNotFound,
    InterpreterUnusable,
    RunExtraMissing,
    UnknownName,
    describe_exit,
)

#: The oldest Python that parabench runs on.
OLDEST = (3, 11)
_NEEDED = f"parabench needs {OLDEST[0]}.{OLDEST[1]} or newer"
#: A Python that starts at all has answered by then.
SECONDS_TO_ANSWER = 20.0

#: What a "+word" after a name sets, and what an interpreter answers if it can do that.
SWITCHES = {
    "jit": ("PYTHON_JIT", "1", "sys._jit.is_available()", "a JIT compiler"),
    "nojit": ("PYTHON_JIT", "0", "sys._jit.is_available()", "a JIT compiler"),
    "gil": ("PYTHON_GIL", "1", "sysconfig.get_config_var('Py_GIL_DISABLED')", "a GIL that can be switched off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter that was found."""

    #: What it was asked for by.
    label: str
    executable: str
    #: "CPython 3.13.1", "CPython 3.14.0 free-threaded", "PyPy 3.11.13".
    description: str
    #: Variables that its switches set.
    environment: dict[str, str] = field(default_factory=dict)


def find_interpreters(names: Iterable[str]) -> list[Interpreter]:
    """The interpreters of these names: 3.14t, python3.12, py313, pypy3.11, a path; 3.14+jit with its JIT on.

    Raises InterpreterNotFound (which lists what was found), InterpreterLacks for a switch that it does not have, and
    RunExtraMissing without the library that looks for them.
    """
    return [_find(name) for name in names]


def _find(name: str) -> Interpreter:
    try:
        from python_discovery import get_interpreter
    except ImportError as error:
        raise RunExtraMissing("python_discovery", error) from None
    spec, *switches = name.split("+")
    free_threaded = spec.rstrip().endswith("t") and spec[-2:-1].isdigit()
    is_path = "/" in spec
    _check_path(spec) if is_path else _check_version(spec)
    try:
        info = get_interpreter(
            spec, predicate=lambda candidate: is_path or bool(candidate.free_threaded) == free_threaded
        )
    except RuntimeError as error:  # it met a program that does not answer as a Python does
        raise InterpreterUnusable(spec, " ".join(str(error).split())[:300]) from None
    if info is None and is_path:
        raise InterpreterUnusable(spec, "it does not say what it is")
    if info is None:
        raise InterpreterNotFound(spec, known_interpreters())
    executable = info.system_executable or info.executable
    environment = dict(_switched(name, executable, switch) for switch in switches)
    return Interpreter(label=name, executable=executable, description=_described(info), environment=environment)


def _check_path(path: str) -> None:
    """Raise InterpreterUnusable unless this program answers as a Python does that parabench runs on."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run(
            [path, "-c", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=SECONDS_TO_ANSWER,
        )
    except OSError as error:
        raise InterpreterUnusable(path, error.strerror or str(error)) from None
    except subprocess.TimeoutExpired:
        raise InterpreterUnusable(path, f"it did not answer within {SECONDS_TO_ANSWER:g} s") from None
    if asked.returncode:
        last = asked.stderr.decode(errors="replace").strip().splitlines()[-1:]
        reason = ": ".join([f"it ended with {describe_exit(asked.returncode)}", *last])
        raise InterpreterUnusable(path, f"{reason[:300]}, asked for its version")
    version = asked.stdout.decode(errors="replace").strip()
    if not re.fullmatch(r"\d+\.\d+", version):
        raise InterpreterUnusable(path, "it does not answer as a Python does when it is asked for its version")
    if tuple(map(int, version.split("."))) < OLDEST:
        raise InterpreterUnusable(path, f"it is Python {version}, and {_NEEDED}")


def _check_version(spec: str) -> None:
    """Raise InterpreterUnusable for a name whose version parabench does not run on."""
    numbers = re.search(r"(\d)\.?(\d+)", spec)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise InterpreterUnusable(spec, _NEEDED)


def known_interpreters() -> list[str]:
    """What there is on this machine: description and path of each."""
    from python_discovery import iter_interpreters

    return [f"{_described(info)} ({info.executable})" for info in iter_interpreters()]


def _described(info: object) -> str:
    implementation, version = getattr(info, "implementation", "?"), getattr(info, "version_str", "?")
    return f"{implementation} {version}" + (" free-threaded" if getattr(info, "free_threaded", False) else "")


def _switched(name: str, executable: str, switch: str) -> tuple[str, str]:
    if switch not in SWITCHES:
        raise UnknownName("switch of an interpreter", f"+{switch}", [f"+{known}" for known in SWITCHES])
    variable, value, question, what = SWITCHES[switch]
    code = f"import sys, sysconfig; sys.exit(not ({question}))"
    asked = subprocess.run([executable, "-c", code], capture_output=True, check=False)
    if asked.returncode:
        raise InterpreterLacks(name, what)
    return variable, value
