"""The closing table: for each workload what to use, how much faster that is, and how sure."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from rich.text import Text

from parabench.session.answers import Answer, Choice

#: An interval whose ends are further apart than this factor says nothing.
USELESS_WIDTH = 100
#: Contestants that are named; more of them are counted.
NAMED_MOST = 2
#: The last column is not made narrower than this: it goes below its row instead.
SURE_LEAST = 40
GAP = "  "

Column = tuple[str, str, Callable[[Answer], str]]


def answers_text(answers: Sequence[Answer], width: int) -> list[Text]:
    """The table as lines of at most `width` columns, but for names that are longer: nothing is cut.

    Columns are dropped where the terminal is too narrow for them: first the share of the limit, then that of workers,
    which the name then tells.
    """
    work: Column = ("work", "<", lambda answer: answer.workload)
    use: Column = ("use", "<", lambda answer: use_text(answer.use))
    workers: Column = (
        "workers",
        ">",
        lambda answer: "" if answer.use.family == "baseline" else f"{answer.use.workers}",
    )
    speedup: Column = ("speed-up [95 %]", ">", speedup_text)
    share: Column = ("of limit", ">", share_text)
    briefly: Column = ("use", "<", lambda answer: _name(answer.use))
    layouts = (
        (work, use, workers, speedup, share),
        (work, use, workers, speedup),
        (work, use, workers, speedup, share),
        (work, use, workers, speedup),
        (work, briefly, speedup),
    )
    for place, columns in enumerate(layouts):
        widths = [max(len(head), *(len(cell(answer)) for answer in answers)) for head, _, cell in columns]
        taken = sum(widths) + len(GAP) * (len(widths) - 1)
        beside = place < 2
        if taken + (len(GAP) + SURE_LEAST if beside else 0) <= width or place == len(layouts) - 1:
            break
    return _lines(answers, columns, widths, width - taken - len(GAP) if beside else None, width)


def _lines(
    answers: Sequence[Answer], columns: Sequence[Column], widths: Sequence[int], beside: int | None, width: int
) -> list[Text]:
    def row(cells: Sequence[str]) -> str:
        aligned = (f"{cell:{side}{size}}" for cell, (_, side, _), size in zip(cells, columns, widths, strict=True))
        return GAP.join(aligned)

    head = row([name for name, _, _ in columns])
    lines = [Text(head + (f"{GAP}how sure" if beside else ""), style="bold")]
    for answer in answers:
        line = row([cell(answer) for _, _, cell in columns])
        style = "green" if answer.settled else ""
        if beside is None:
            lines.append(Text(line, style=style))
            lines += [Text(f"    {part}", style="dim") for part in _wrapped(answer, width - 4)]
            continue
        first, *more = _wrapped(answer, beside)
        lines.append(Text(line + GAP + first, style=style))
        lines += [Text(" " * (sum(widths) + len(GAP) * len(widths)) + part, style=style) for part in more]
    return lines


def _wrapped(answer: Answer, width: int) -> list[str]:
    return textwrap.wrap(sure_text(answer), width, break_long_words=False, break_on_hyphens=False)


def use_text(choice: Choice) -> str:
    """A contestant with its family, as in "processes: mp-pool"."""
    chunk = "" if choice.chunk == "1" else f", chunk {choice.chunk}"
    if choice.family in ("baseline", choice.model):
        return choice.model + chunk
    return f"{choice.family}: {choice.model}{chunk}"


def _name(choice: Choice) -> str:
    """A contestant with its workers."""
    chunk = "" if choice.chunk == "1" else f" chunk {choice.chunk}"
    return choice.model if choice.family == "baseline" else f"{choice.model} x{choice.workers}{chunk}"


def speedup_text(answer: Answer) -> str:
    """The speed-up with its interval; a dash where there is no baseline."""
    if answer.use.family == "baseline":
        return "is sequential"
    if answer.speedup is None:
        return "-"
    if answer.low is None or answer.high is None:
        return f"{answer.speedup:.2f}x [unknown: 1 pass]"
    if answer.high / answer.low > USELESS_WIDTH:
        return f"{answer.speedup:.2f}x [unknown: {answer.visits} visits]"
    digits = 1 if answer.speedup >= 10 else 2
    return f"{answer.speedup:.{digits}f}x [{answer.low:.{digits}f}, {answer.high:.{digits}f}]"


def share_text(answer: Answer) -> str:
    """How much of the shortest possible time it takes; a dash where nobody knows that."""
    return "-" if answer.share_of_limit is None else f"{100 * answer.share_of_limit:.0f} %"


def sure_text(answer: Answer) -> str:
    """Whether it is settled, what is as good and why not that, and how the best of the next family compares."""
    same = [choice for choice in answer.equals if choice.family == answer.use.family]
    if answer.visits == 1 and not answer.family_settled:
        first = "one pass says nothing about chance"
    elif answer.settled:
        settled = "settled, as the simplest" if answer.is_simplest else "settled"
        first = f"{settled}; as good: {_named(answer.equals)}" if answer.equals else settled
    elif answer.family_settled:
        first = f"{answer.use.family} for sure; which is open" + (f": {_named(same)} may be faster" if same else "")
    else:
        first = f"open: {_named(answer.equals)} may be faster" if answer.equals else "open"
    return "; ".join([first, *(f"{_name(choice)} {speed:.2f} of it" for choice, speed in answer.others[:1])])


def _named(choices: Sequence[Choice]) -> str:
    """A few contestants by name, the rest of them by their number."""
    names = ", ".join(_name(choice) for choice in choices[:NAMED_MOST])
    more = len(choices) - NAMED_MOST
    return names if more <= 0 else f"{names} and {more} more"
