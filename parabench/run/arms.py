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
    found = find_interpreters(names)
    known: dict[tuple[object, ...], str] = {}
    for one in found:
        same = (Path(one.executable).resolve(), *sorted(one.environment.items()))
        if same in known:
            raise SameInterpreter(known[same], one.label, one.executable)
        known[same] = one.label
    return [
        Arm(
            label=one.label,
            python=str(environment_for(one, root, requirements, say)),
            environment=one.environment,
            is_interpreter=True,
        )
        for one in found
    ]
