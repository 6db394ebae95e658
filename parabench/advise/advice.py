"""The answer for one function, as a record and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from parabench.session.answers import Choice


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A contestant that is not raced, or has no valid time, and why."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the answer is what it is."""

    #: One of `explain.facts.CAUSES`.
    cause: str
    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """What has to be known before the advice is taken."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """How often the function was run: at most so often by promise, and at most so often in fact."""

    promised: int
    made: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A contestant beside what is recommended."""

    choice: Choice
    #: Seconds of one after the other / its seconds; None where it is not known.
    speedup: float | None
    bytes_more: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A prediction and what was raced, in seconds a batch."""

    model: str
    workers: int
    chunk: str
    predicted: float
    raced: float

    @property
    def factor(self) -> float:
        """How far they are apart: 1 is right, 2 is twice or half."""
        return max(self.predicted / self.raced, self.raced / self.predicted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to use for a function; `use` is None where nothing can be recommended, and a warning says why."""

    function: str
    items: int
    #: Seconds of one call, and what it does meanwhile, in words; None before any call came back.
    seconds_per_call: float | None = None
    does: str = ""
    use: Choice | None = None
    settled: bool = False
    speedup: float | None = None
    low: float | None = None
    high: float | None = None
    share_of_limit: float | None = None
    #: What 1,000 calls take as advised.
    seconds_per_1000: float | None = None
    equals: tuple[Choice, ...] = ()
    following: tuple[Standing, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    causes: tuple[Cause, ...] = ()
    warnings: tuple[Warned, ...] = ()
    calls: Calls
    snippet: str | None = None
    #: How sure it is, and what it costs, in words.
    sure: str = ""
    #: What would change the advice, predicted.
    otherwise: tuple[str, ...] = ()
    checked: tuple[Checked, ...] = ()
    seconds: float = 0.0
    stored: str | None = None
    cores: int = 1

    def as_json(self) -> dict[str, Any]:
        """The fields of `--format json`."""
        return {
            "use": None if self.use is None else asdict(self.use),
            "settled": self.settled,
            "speedup": self.speedup,
            "low": self.low,
            "high": self.high,
            "equals": [asdict(choice) for choice in self.equals],
            "ruled_out": [asdict(ruled_out) for ruled_out in self.ruled_out],
            "causes": [asdict(cause) for cause in self.causes],
            "warnings": [asdict(warning) for warning in self.warnings],
            "calls": asdict(self.calls),
            "snippet": self.snippet,
        }
