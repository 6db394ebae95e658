"""CPU time as a second witness: it finds what times do not, and both together raise no more alarms than allowed."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from pathlib import Path

import pytest

from parabench.analyse.verdict import FASTER, NOT_COMPARABLE, SAME, SLOWER, UNSURE
from parabench.compare.comparison import Comparison, compare_sessions
from parabench.compare.witness import decided_by_cpu, with_cpu
from parabench.history.summary import CellKey, SessionSummary
from parabench.records import CellId
from parabench.report.comparison_table import as_json, as_markdown, as_table

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"


def layout(cells: int) -> tuple[CellKey, ...]:
    return tuple(
        CellKey(f"test_cpu.py::test[{n}]", "cpu", "aaaa", "{}", CellId(f"work-{n}", "thread-pool", 2, "small"))
        for n in range(cells)
    )


def session(number: int, seconds: list[float], **figures: list[float]) -> SessionSummary:
    return SessionSummary(
        path=Path(f"/results/{number:04}.json"),
        number=number,
        machine_id="here",
        commit_id="c0ffee",
        dirty=False,
        datetime=dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
        interpreter="3.13",
        version="3.13.1",
        interrupted=False,
        noisy=False,
        tags=(),
        failed={},
        layout=layout(len(seconds)),
        seconds=seconds,
        figures=figures,
    )


def sides(source: random.Random, sessions: int, factors: list[float]) -> tuple[list[SessionSummary], ...]:
    """Two sides in turns on a busy machine: sessions differ by 6 to 20 % in time and by 2 to 7 % in CPU time.

    A third of a session's disturbance is in both, as caches that others use are; `factors` are the true ratios.
    """
    spreads = [(source.uniform(0.06, 0.20), source.uniform(0.02, 0.07)) for _ in factors]

    def measured(number: int, truth: list[float]) -> SessionSummary:
        seconds, cpu = [], []
        for factor, (of_time, of_cpu) in zip(truth, spreads, strict=True):
            both = source.gauss(0, 1)
            seconds.append(factor * math.exp(of_time * (0.33 * both + 0.94 * source.gauss(0, 1))))
            cpu.append(factor * math.exp(of_cpu * (0.33 * both + 0.94 * source.gauss(0, 1))))
        return session(number, seconds, cpu=cpu)

    unchanged = [1.0] * len(factors)
    base = [measured(2 * n, unchanged) for n in range(sessions)]
    return base, [measured(2 * n + 1, factors) for n in range(sessions)]


def test_cpu_time_finds_a_slow_down_of_15_per_cent_where_times_are_unsure() -> None:
    source = random.Random(1)
    by_time = by_cpu = 0
    for _ in range(15):
        found = with_cpu(compare_sessions(*sides(source, 8, [1.15] * 4)))
        by_time += sum(one.verdict == SLOWER for one in found.verdicts)
        alone = [decided_by_cpu(found, one) for one in found.verdicts]
        by_cpu += sum(one is not None and one.verdict == SLOWER for one in alone)
        assert not any(one is not None and one.verdict == FASTER for one in alone)
    print(f"of 60 cells that are 15 % slower times call {by_time}, CPU time {by_cpu} of the rest")
    assert by_time <= 35
    assert by_cpu >= 0.8 * (60 - by_time)


def test_both_together_raise_no_more_alarms_than_allowed() -> None:
    source, runs, alarms = random.Random(2), 80, 0
    for _ in range(runs):
        found = with_cpu(compare_sessions(*sides(source, 5, [1.0] * 10)), even_if_decided=True)
        called = [one.verdict for one in (*found.verdicts, *found.cpu.values())]
        alarms += SLOWER in called or FASTER in called
    print(f"{alarms} of {runs} comparisons of 10 unchanged cells have a false alarm of either")
    assert alarms <= 8, "5 % are 4; more than 8 have a probability of 2 %, and 2 % of alarms are expected"


def undecided() -> Comparison:
    """One cell whose times are unsure and whose CPU time is not."""
    noise = [0.1 * ((n * 3) % 8 - 3.5) for n in range(8)]
    base = [session(2 * n, [math.exp(noise[n])], cpu=[math.exp(0.01 * noise[n])]) for n in range(8)]
    new = [session(2 * n + 1, [1.15 * math.exp(noise[n])], cpu=[1.15 * math.exp(0.01 * noise[n])]) for n in range(8)]
    return with_cpu(compare_sessions(base, new))


def test_the_witness_is_told_beside_the_verdict_and_changes_nothing() -> None:
    found = undecided()
    [one] = found.verdicts
    assert (one.verdict, found.cpu[one.cell].verdict) == (UNSURE, SLOWER)
    told = f"CPU time is slower: 1.150 [{found.cpu[one.cell].low:.3f}, {found.cpu[one.cell].high:.3f}]"
    table = as_table(found, width=120, colour=False, everything=False)
    assert told in table
    assert "\n1 unsure\n" in table, "it is no part of the counts"
    assert "Note: CPU time decides 1 cell whose times do not; it is a second witness" in table
    assert told.replace("[", "\\[").replace("]", "\\]") in as_markdown(found, base="a", new="b") or told in as_markdown(
        found, base="a", new="b"
    )
    [cell] = json.loads(as_json(found))["cells"]
    assert (cell["verdict"], cell["cpu"]["verdict"]) == ("unsure", "slower")
    assert set(cell["cpu"]) == {"verdict", "ratio", "low", "high", "p", "reason"}
    assert cell["cpu"]["low"] < 1.15 < cell["cpu"]["high"]
    assert cell["cpu"]["p"] < 0.05


def test_cpu_time_is_not_asked_where_times_decide() -> None:
    base = [session(2 * n, [1.0 + 0.001 * n], cpu=[1.0]) for n in range(8)]
    new = [session(2 * n + 1, [1.0 + 0.001 * n], cpu=[2.0 + 0.001 * n]) for n in range(8)]
    found = with_cpu(compare_sessions(base, new))
    assert [one.verdict for one in found.verdicts] == [SAME]
    assert (found.cpu, json.loads(as_json(found))["cells"][0]["cpu"]) == ({}, None)
    [other] = with_cpu(compare_sessions(base, new), even_if_decided=True).cpu.values()
    assert other.verdict == SLOWER


@pytest.mark.parametrize(
    ("metric", "factor", "verdict"), [("cpu", 1.5, SLOWER), ("memory", 0.5, FASTER), ("joules", 1.0, SAME)]
)
def test_another_metric_is_compared_like_time(metric: str, factor: float, verdict: str) -> None:
    noise = [1 + 0.001 * n for n in range(8)]
    base = [session(2 * n, [1.0], **{metric: [noise[n]]}) for n in range(8)]
    new = [session(2 * n + 1, [1.0], **{metric: [factor * noise[n]]}) for n in range(8)]
    found = compare_sessions(base, new, metric=metric)
    assert [one.verdict for one in found.verdicts] == [verdict]
    told = json.loads(as_json(with_cpu(found)))
    assert (told["metric"], told["cells"][0]["cpu"]) == (metric, None)


def test_the_same_amount_of_memory_everywhere_is_the_same() -> None:
    one = [session(2 * n, [1.0], memory=[24_180_736.0]) for n in range(5)]
    other = [session(2 * n + 1, [1.0], memory=[24_180_736.0]) for n in range(5)]
    [found] = compare_sessions(one, other, metric="memory").verdicts
    assert (found.verdict, found.ratio) == (SAME, 1.0)


def test_what_is_unknown_has_the_reason_that_its_file_gives(tmp_path: Path) -> None:
    content = json.loads(SAMPLE.read_text())
    cells = [one for one in content["benchmarks"] if one["extra_info"].get("model") == "thread-pool"]
    cells[0]["extra_info"] |= {"joules_per_round": None, "joules_reason": "no energy counter can be read"}
    names = {one["fullname"]: one["extra_info"] for one in content["benchmarks"]}
    file = tmp_path / "0001_x.json"
    file.write_text(json.dumps(content))
    key = CellKey(cells[0]["fullname"], "cpu", "aaaa", "{}", CellId("work", "thread-pool", 2, "small"))
    foreign = CellKey(next(name for name, info in names.items() if not info), None, None, "{}")
    both = [
        SessionSummary(**{**_fields(session(number, [1.0, 1.0])), "layout": (key, foreign), "path": file})
        for number in range(2)
    ]
    found = compare_sessions(both[:1], both[1:], metric="joules").verdicts
    assert {one.verdict for one in found} == {NOT_COMPARABLE}
    assert sorted(str(one.reason) for one in found) == [
        "the base side has no joules of it: no energy counter can be read",
        "the base side has no joules of it: pytest-benchmark does not record it",
    ]


def _fields(one: SessionSummary) -> dict[str, object]:
    return {name: getattr(one, name) for name in SessionSummary.__dataclass_fields__}
