"""The answer for one function at 80 columns."""

from __future__ import annotations

import pytest

from parabench.advise.advice import Advice, Calls, Cause, RuledOut, Standing, Warned
from parabench.report.advice_text import advice_text, duration
from parabench.session.answers import Choice

THREADS = Choice("threads", "thread-pool", 2, "1")
ADVICE = Advice(
    function="resize",
    items=200,
    seconds_per_call=0.011,
    does="computes and lets go of the GIL",
    use=THREADS,
    settled=True,
    speedup=1.91,
    low=1.84,
    high=1.98,
    share_of_limit=0.93,
    following=(Standing(Choice("processes", "mp-pool", 2, "auto"), 1.78, 160_000_000),),
    ruled_out=(RuledOut("asyncio x2", "it never awaits"), RuledOut("mp-pool x2", "is next")),
    causes=(Cause("cores", "98 % of a call is CPU"), Cause("cores", "bound by 2 cores")),
    calls=Calls(30_200, 1_234),
    snippet="print(1)\n",
    sure="settled after 9 passes (41 s); memory 31 MB",
    cores=2,
)


def test_it_looks_like_this() -> None:
    assert advice_text(ADVICE, 80) == (
        "resize (200 items, 11 ms each, computes and lets go of the GIL)\n"
        "use   threads: ThreadPoolExecutor(2)          1.91x [1.84, 1.98]\n"
        "      93 % of what 2 cores can give\n"
        "next  processes: multiprocessing.Pool(2), in chunks  1.78x\n"
        "      +160 MB, and your function has to pickle\n"
        "not   asyncio x2: it never awaits\n"
        "why   98 % of a call is CPU; bound by 2 cores\n"
        "sure  settled after 9 passes (41 s); memory 31 MB\n"
        "ran   1,234 of at most 30,200 calls\n"
        "\n"
        "    print(1)\n"
    )


def test_a_wide_terminal_has_it_in_columns() -> None:
    lines = advice_text(ADVICE, 120).splitlines()
    assert lines[1] == (
        "use   threads: ThreadPoolExecutor(2)          1.91x [1.84, 1.98]   93 % of what 2 cores can give"
    )


def test_wrong_results_come_first() -> None:
    told = (Warned("prints", "calls print"), Warned("results-differ", "mp-pool x2: item 3: 4 instead of 5"))
    lines = advice_text(Advice(function="f", items=1, calls=Calls(9, 3), warnings=told), 80).splitlines()
    assert lines == [
        "WRONG mp-pool x2: item 3: 4 instead of 5",
        "f (1 item)",
        "note  prints: calls print",
        "ran   3 of at most 9 calls",
    ]


def test_no_line_is_wider_than_the_terminal_but_code() -> None:
    told = (Warned("remembers", "a cache " * 30),)
    text = advice_text(Advice(function="f", items=1, calls=Calls(9, 3), warnings=told), 60)
    assert max(map(len, text.splitlines())) <= 60


def test_texts_of_the_function_cannot_steer_the_terminal() -> None:
    told = (Warned("raises", "\x1b[2J"),)
    assert "\x1b" not in advice_text(Advice(function="f", items=1, calls=Calls(9, 3), warnings=told), 60)


@pytest.mark.parametrize(
    ("seconds", "text"), [(30, "30 s"), (1.24, "1.2 s"), (0.0114, "11 ms"), (0.0012, "1.2 ms"), (2.4e-6, "2.4 us")]
)
def test_durations_have_two_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_json_has_the_fields_that_are_promised() -> None:
    told = ADVICE.as_json()
    assert list(told) == [
        *("use", "settled", "speedup", "low", "high", "equals", "ruled_out", "causes", "warnings", "calls", "snippet")
    ]
    assert told["use"] == {"family": "threads", "model": "thread-pool", "workers": 2, "chunk": "1"}
    assert told["ruled_out"][0] == {"model": "asyncio x2", "reason": "it never awaits"}
    assert told["calls"] == {"promised": 30_200, "made": 1_234}
