"""How a cell's stored figures come about: from the rounds of a visit, and from the visits to a cell.

A figure is a field of `Costs` (read around every round) or of `Visit` (known once a visit), both among the records. Its
field says how it is combined, and everything on its way into a file goes by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

_KEY = "figure"


def mean(values: Sequence[float | None]) -> float | None:
    """The mean; unknown if one of the values is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def median(values: Sequence[float | None]) -> float | None:
    """The median of what is known; None if nothing is."""
    import statistics  # not at the top: every worker imports this module, and none needs statistics

    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def most(values: Sequence[float]) -> float | None:
    """The largest value; None if there is none."""
    return max(values, default=None)


def first(values: Sequence[str | None]) -> str | None:
    """The first text that says anything."""
    return next((value for value in values if value), None)


@dataclass(frozen=True, slots=True)
class Figure:
    """How the values of one figure become one value. The unit is in its name."""

    #: From the visits to a cell, what is stored.
    over_visits: Callable[[Sequence[Any]], Any]
    #: From the rounds of a visit; None: it is no figure of rounds. What is used is given per round.
    over_rounds: Callable[[Sequence[Any]], Any] | None
    #: What one reading less an earlier one, or two parts of a tree together are: an amount adds up, a level is that of
    #: the later reading, a remark stays.
    sort: Literal["amount", "level", "remark"]
    #: Key in `extra_info`; None: the name of the field.
    stored_as: str | None
    #: For a remark: the figure whose absence it explains, by the name of the field. It is null if that is known.
    explains: str | None


def amount(*, stored_as: str | None = None) -> Mapping[str, Figure]:
    """Metadata of what adds up: mean over the rounds, median over the visits."""
    return {_KEY: Figure(median, mean, "amount", stored_as, None)}


def level() -> Mapping[str, Figure]:
    """Metadata of what is there at one moment, such as processes: the most of all rounds and visits."""
    return {_KEY: Figure(most, most, "level", None, None)}


def remark(*, stored_as: str | None = None, explains: str | None = None) -> Mapping[str, Figure]:
    """Metadata of a text: the first that says anything."""
    return {_KEY: Figure(first, first, "remark", stored_as, explains)}


def once(
    over_visits: Callable[[Sequence[Any]], Any], *, stored_as: str | None = None, explains: str | None = None
) -> Mapping[str, Figure]:
    """Metadata of what is known once a visit, whatever its rounds; `explains` as in `remark`, with `first`."""
    return {_KEY: Figure(over_visits, None, "level", stored_as, explains)}


def figures_of(record: Any) -> Iterator[tuple[str, Figure]]:
    """The figures of a record or its class, by the name of the field, in their order."""
    for field in fields(record):
        if _KEY in field.metadata:
            yield field.name, field.metadata[_KEY]


def per_round(rounds: Sequence[Any]) -> dict[str, Any]:
    """The figures of a visit from the readings around its rounds."""
    figures = figures_of(rounds[0])
    return {name: f.over_rounds([getattr(r, name) for r in rounds]) for name, f in figures if f.over_rounds is not None}


def per_cell(visits: Sequence[Any]) -> dict[str, Any]:
    """What is stored of the visits to a cell, by key. There has to be one visit at least."""
    values = {name: f.over_visits([getattr(visit, name) for visit in visits]) for name, f in figures_of(visits[0])}
    return {
        figure.stored_as or name: values[name] if figure.explains is None or values[figure.explains] is None else None
        for name, figure in figures_of(visits[0])
    }


def explanations(record: Any) -> dict[str, str]:
    """Which stored remark says why a stored figure is unknown, by the key of that figure."""
    figures = dict(figures_of(record))
    keys = {name: figure.stored_as or name for name, figure in figures.items()}
    return {keys[figure.explains]: keys[name] for name, figure in figures.items() if figure.explains is not None}
