"""What results are compared by when JSON cannot hold them: JSON that stands for them, the same in every process.

Nothing is pickled: pickles of equal values differ by what they share, and by their version. Bulk data becomes a SHA-256
of its type, shape and bytes, small values their text. Libraries are not imported here: a value of theirs brings them.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from parabench.errors import NotComparable

#: What JSON takes for a key.
_KEYS = (str, int, float, bool, type(None))


def stand_in(value: Any) -> Any:
    """The value where JSON can hold it, else JSON of its own that stands for it. Raises NotComparable."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        try:
            return _converted(value)
        except RecursionError:
            raise NotComparable(_name(type(value)), "it contains itself") from None
    return value


def _converted(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):  # JSON makes no difference either
        return [_converted(part) for part in value]
    if isinstance(value, dict):
        return _mapping(value)
    for kind in type(value).__mro__:
        if (stands_for := REGISTERED.get(_name(kind))) is not None:
            return {"type": _name(type(value)), **stands_for(value)}
    if isinstance(value, enum.Enum):
        return {"type": _name(type(value)), "name": value.name}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _converted(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": _name(type(value)), "fields": fields}
    raise NotComparable(_name(type(value)))


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(isinstance(key, _KEYS) for key in value):
        return {key: _converted(part) for key, part in value.items()}
    return {"type": "dict", "items": _sorted([_converted(key), _converted(part)] for key, part in value.items())}


def _sorted(parts: Any) -> list[Any]:
    return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))


def _text(value: Any) -> dict[str, Any]:
    return {"text": str(value)}


def _repr(value: Any) -> dict[str, Any]:
    return {"text": repr(value)}


def _members(value: Any) -> dict[str, Any]:
    return {"items": _sorted(_converted(part) for part in value)}


def _in_order(value: Any) -> dict[str, Any]:
    return {"items": [_converted(part) for part in value]}


def _bytes(value: Any) -> dict[str, Any]:
    data = bytes(value)
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _array(value: Any) -> dict[str, Any]:
    about = {"dtype": value.dtype.str if value.dtype.names is None else str(value.dtype), "shape": list(value.shape)}
    if value.dtype.hasobject:
        return {**about, "items": _converted(value.tolist())}
    return {**about, "sha256": hashlib.sha256(value.tobytes()).hexdigest()}  # in C order, whatever the memory's


def _scalar(value: Any) -> dict[str, Any]:
    return {"dtype": value.dtype.str, "text": str(value)}


def _column(value: Any) -> dict[str, Any]:
    """A column or an index of pandas; those of types of its own, which have missing values, as objects."""
    values = value.to_numpy()
    if values.dtype.hasobject:
        missing = value.isna()
        values = [None if gone else part for part, gone in zip(values, missing, strict=True)]
    return {"dtype": str(value.dtype), "name": _converted(value.name), "values": _converted(values)}


def _series(value: Any) -> dict[str, Any]:
    return {**_column(value), "index": _column(value.index)}


def _frame(value: Any) -> dict[str, Any]:
    columns = [_column(value.iloc[:, place]) for place in range(value.shape[1])]
    return {"columns": columns, "index": _column(value.index)}


#: Type -> what stands for a value of it, or of a type derived from it.
REGISTERED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "bytes": _bytes,
    "bytearray": _bytes,
    "memoryview": _bytes,
    "complex": _repr,
    "range": _repr,
    "set": _members,
    "frozenset": _members,
    "collections.deque": _in_order,
    "datetime.datetime": _repr,
    "datetime.date": _repr,
    "datetime.time": _repr,
    "datetime.timedelta": _repr,
    "decimal.Decimal": _text,
    "fractions.Fraction": _text,
    "pathlib.PurePath": _text,
    "pathlib._local.PurePath": _text,
    "uuid.UUID": _text,
    "numpy.ndarray": _array,
    "numpy.generic": _scalar,
    **dict.fromkeys(("pandas.Series", "pandas.core.series.Series"), _series),  # pandas 3, and before
    **dict.fromkeys(("pandas.DataFrame", "pandas.core.frame.DataFrame"), _frame),
    **dict.fromkeys(("pandas.Index", "pandas.core.indexes.base.Index"), _column),
}
