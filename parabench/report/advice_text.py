"""The answer for one function at the terminal: use, next, not, why, sure, and the code to paste."""

from __future__ import annotations

import textwrap

from parabench.advise.advice import Advice, Standing
from parabench.report.foreign_text import for_terminal
from parabench.session.answers import Choice

#: Where the second and the third column of a wide line begin.
SPEED_AT, REMARK_AT = 46, 67
_CALLED = {
    "thread-pool": "ThreadPoolExecutor({workers})",
    "process-pool-fork": "ProcessPoolExecutor({workers})",
    "mp-pool": "multiprocessing.Pool({workers})",
    "interpreters": "InterpreterPoolExecutor({workers})",
    "asyncio": "Semaphore({workers})",
    "asyncio-to-thread": "to_thread, {workers} threads",
    "gevent": "Pool({workers})",
}


def advice_text(advice: Advice, width: int) -> str:
    """All of it, as lines of at most `width` columns but for code."""
    first = [warned for warned in advice.warnings if warned.kind == "results-differ"]
    others = [warned for warned in advice.warnings if warned.kind != "results-differ"]
    lines: list[str] = []
    for warned in first:
        lines += _line("WRONG", warned.text, width)
    lines += textwrap.wrap(_head(advice), width, subsequent_indent="  ")
    if advice.use is not None:
        lines += _row("use", use_of(advice.use), speedup_of(advice), _share(advice), width)
    for standing in advice.following[:2]:
        lines += _row("next", use_of(standing.choice), _times(standing), _more(standing), width)
    lines += _ruled_out(advice, width)
    if advice.causes:
        lines += _line("why", "; ".join(cause.text for cause in advice.causes), width)
    if advice.sure:
        lines += _line("sure", advice.sure, width)
    for text in advice.otherwise:
        lines += _line("else", text, width)
    for warned in others:
        lines += _line("note", f"{warned.kind}: {warned.text}", width)
    lines += _line("ran", f"{advice.calls.made:,} of at most {advice.calls.promised:,} calls", width)
    if advice.stored:
        lines += _line("kept", advice.stored, width)
    text = "\n".join(for_terminal(line) for line in lines) + "\n"
    if advice.snippet:
        text += "\n" + textwrap.indent(for_terminal(advice.snippet), "    ")
    return text


def _head(advice: Advice) -> str:
    each = "" if advice.seconds_per_call is None else f", {duration(advice.seconds_per_call)} each"
    does = f", {advice.does}" if advice.does else ""
    return f"{advice.function} ({advice.items:,} item{'' if advice.items == 1 else 's'}{each}{does})"


def duration(seconds: float) -> str:
    """Seconds with two digits and their unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1 or unit == "us":
            return f"{seconds * factor:.0f} {unit}" if seconds * factor >= 10 else f"{seconds * factor:.1f} {unit}"
    raise AssertionError("microseconds take everything")


def use_of(choice: Choice) -> str:
    """A contestant as its users call it."""
    if choice.family == "baseline":
        return "a plain loop, one after the other"
    called = _CALLED.get(choice.model, f"{choice.model} x{{workers}}").format(workers=choice.workers)
    chunk = "" if choice.chunk == "1" else ", in chunks"
    return f"{choice.family}: {called}{chunk}"


def speedup_of(advice: Advice) -> str:
    """How much quicker it is than one call after the other, with its interval."""
    if advice.use is None or advice.use.family == "baseline" or advice.speedup is None:
        return ""
    digits = 1 if advice.speedup >= 10 else 2
    between = f" [{advice.low:.{digits}f}, {advice.high:.{digits}f}]" if advice.low and advice.high else ""
    return f"{advice.speedup:.{digits}f}x{between}"


def _times(standing: Standing) -> str:
    if standing.speedup is None:
        return ""
    return f"{standing.speedup:.{1 if standing.speedup >= 10 else 2}f}x"


def _more(standing: Standing) -> str:
    """What it asks for besides."""
    parts = []
    if standing.bytes_more is not None and standing.bytes_more > 1e6:
        parts.append(f"+{standing.bytes_more / 1e6:.0f} MB")
    if standing.choice.family == "processes":
        parts.append("your function has to pickle")
    return ", and ".join(parts)


def _share(advice: Advice) -> str:
    if advice.share_of_limit is None:
        return ""
    return f"{100 * advice.share_of_limit:.0f} % of what {advice.cores} cores can give"


def _ruled_out(advice: Advice, width: int) -> list[str]:
    """One line a family at most."""
    lines: list[str] = []
    families: set[str] = set()
    shown = {advice.use.model} if advice.use else set()
    shown |= {standing.choice.model for standing in advice.following[:2]}
    for exclusion in advice.ruled_out:
        model = exclusion.model.partition(" ")[0]
        if model in shown or model in families or len(families) == 3:
            continue
        families.add(model)
        lines += _line("not", f"{exclusion.model}: {exclusion.reason}", width)
    return lines


def _row(label: str, name: str, speed: str, remark: str, width: int) -> list[str]:
    """Three columns where there is room for them, else the remark below."""
    line = f"{label:<6}{name:<{SPEED_AT - 8}}  {speed}"
    wide = f"{line:<{REMARK_AT}}{remark}".rstrip()
    if len(wide) <= width or not remark:
        return [wide if len(wide) <= width else f"{label:<6}{name}  {speed}".rstrip()]
    return [line.rstrip(), *textwrap.wrap(remark, width, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def _line(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=f"{label:<6}", subsequent_indent=" " * 6)
