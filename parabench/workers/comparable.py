"""Outcomes whose values JSON can hold: what a cell answers the harness, and what queues and pipes carry."""

from __future__ import annotations

import inspect
import json
from typing import Any

from parabench.errors import NotComparable
from parabench.records import Outcome
from parabench.task import failed, find, lost
from parabench.task.values import stand_in

#: Values of these types are JSON as they are.
_PLAIN = frozenset({int, float, str, bool, type(None)})


def comparable(outcome: Outcome, digest: str | None) -> Outcome:
    """The outcome with JSON that stands for its value; the failure of its task where nothing does.

    `digest` names the workload's own function for that, which is then asked for every value.
    """
    if outcome.failure is not None or (digest is None and type(outcome.value) in _PLAIN):
        return outcome
    try:
        return outcome._replace(value=_json_of(outcome.value, digest))
    except NotComparable as error:
        return lost(error)
    except Exception as error:  # the workload's own function
        return failed(error)


def _json_of(value: Any, digest: str | None) -> Any:
    if digest is None:
        if inspect.iscoroutine(value):
            value.close()  # or Python would tell that nobody awaits it
        return stand_in(value)
    value = find(digest)(value)
    json.dumps(value)
    return value
