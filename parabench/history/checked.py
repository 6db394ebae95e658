"""Values of a stored file, taken out one by one with their types checked; what is wrong with one is said in words."""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

#: Bounds of a measured time in seconds: below, no clock can tell it from nothing; above (31 years), nobody waited for
#: it. Sums, squares and ratios of numbers within them stay finite.
SECONDS_LEAST = 1e-18
SECONDS_MOST = 1e9

#: A part of a JSON Schema: `type`, and where it matters `minimum`, `maximum`, and the type of `items` or of
#: `additionalProperties`.
Rule = Mapping[str, Any]

TEXT: Rule = {"type": "string"}
WHOLE_FROM_1: Rule = {"type": "integer", "minimum": 1}
SECONDS: Rule = {"type": "number", "minimum": SECONDS_LEAST, "maximum": SECONDS_MOST}
SPREAD: Rule = {"type": "number", "minimum": 0, "maximum": SECONDS_MOST}

_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "an object"),
    "null": ((type(None),), "null"),
}


@functools.cache
def rules_of(definition: str) -> Mapping[str, Rule]:
    """What the schema says of each key of an object: `session`, `fingerprint`, `cell`, `pass` or `unmeasured`."""
    text = importlib.resources.files("parabench.history").joinpath("results.schema.json").read_text(encoding="utf-8")
    rules: Mapping[str, Rule] = json.loads(text)["$defs"][definition]["properties"]
    return rules


def types_of(rule: Rule) -> tuple[str, ...]:
    """The JSON types that a rule allows; none for a rule that refers to another definition."""
    allowed = rule.get("type", ())
    return (allowed,) if isinstance(allowed, str) else tuple(allowed)


def problem(value: object, rule: Rule) -> str | None:
    """What is wrong with a value, in words that follow its name ("is 'x', not a number"); None if nothing is.

    Numbers have to be finite, whatever the rule says: NaN, Infinity and 1e400 are not.
    """
    allowed = types_of(rule)
    if not any(_is(value, name) for name in allowed):
        return f"is {shown(value)}, not {' or '.join(_TYPES[name][1] for name in allowed if name != 'null')}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not finite(value):
            return f"is {shown(value)}, not a finite number"
        for bound, beyond in (("minimum", "below"), ("maximum", "above")):
            if bound in rule and (value < rule[bound] if bound == "minimum" else value > rule[bound]):
                return f"is {shown(value)}, {beyond} {rule[bound]:g}"
    return _problem_within(value, rule)


def finite(value: float) -> bool:
    """Whether a number, which may be a whole number of any length, has a finite value as a float."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def shown(value: object) -> str:
    """A value in a message: never longer than 40 characters, and in the words of JSON."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


class Fields:
    """An object of a stored file, asked key by key; `reasons` collects what could not be had, by name."""

    def __init__(self, values: object, where: str) -> None:
        self.reasons: dict[str, str] = {}
        self._where = where
        self._values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self._no_object = None if isinstance(values, dict) else f"{where} is {shown(values)}, not an object"

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str, rule: Rule, name: str | None = None) -> Any:
        """The value of a key if it is as the rule says, else None with a reason under `name` (default: the key)."""
        reason = self._no_object
        value = self._values.get(key)
        if reason is None and key not in self._values:
            reason = f"the file has no {self._where}.{key}"
        elif reason is None and value is None:
            reason = f"{self._where}.{key} is null"
        elif reason is None:
            wrong = problem(value, rule)
            reason = f"{self._where}.{key} {wrong}" if wrong else None
        if reason is None:
            return value
        self.reasons[name or key] = reason
        return None

    def unknown(self, name: str, reason: str) -> None:
        """Give the reason for a value that is unknown although the file has something under its key."""
        self.reasons[name] = reason


def _problem_within(value: object, rule: Rule) -> str | None:
    """What is wrong with an entry of a list or an object whose entries are all of one type."""
    entries: Iterable[object] = ()
    inner: Any = None
    if isinstance(value, list):
        entries, inner = value, rule.get("items")
    elif isinstance(value, dict):
        entries, inner = value.values(), rule.get("additionalProperties")
    if not isinstance(inner, dict) or "type" not in inner:
        return None
    wrong = next(filter(None, (problem(entry, inner) for entry in entries)), None)
    return f"has an entry that {wrong}" if wrong else None


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name][0])
