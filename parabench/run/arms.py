"""The arms of a run on several interpreters: each found, and given an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from parabench.errors import SameInterpreter
from parabench.run.environments import environment_for
from parabench.run.interpreter_names import find_interpreters
from parabench.run.state import Arm


def interpreter_arms(
    root: Path, names: Sequence[str], requirements: Sequence[str], say: Callable[[str], None]
) -> list[Arm]:
    """An arm for each name, ready to run. Raises InterpreterNotFound, SameInterpreter or EnvironmentNotMade."""
    interpreters = find_interpreters(names)
    known: dict[tuple[object, ...], str] = {}
    for interpreter in interpreters:
        same = (Path(interpreter.executable).resolve(), *sorted(interpreter.environment.items()))
        if same in known:
            raise SameInterpreter(known[same], interpreter.label, interpreter.executable)
        known[same] = interpreter.label
    return [
        Arm(
            label=interpreter.label,
            python=str(environment_for(interpreter, root, requirements, say)),
            environment=interpreter.environment,
            is_interpreter=True,
        )
        for interpreter in interpreters
    ]
