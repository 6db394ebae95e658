"""Texts that mean sessions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from parabench.errors import NothingSelected
from parabench.history.selection import is_interpreter, select
from parabench.history.summary import SessionSummary, interpreter_of

CPYTHON, FREE = "Linux-x86_64-CPython-3.13.1-aaaa", "Linux-x86_64-CPython-3.14.0t-bbbb"


def session(number: int, machine: str = CPYTHON, day: int = 1, **more: object) -> SessionSummary:
    fields: dict[str, object] = {
        "path": Path(f"/results/{machine}/{number:04}_x.json"),
        "number": number,
        "machine_id": machine,
        "commit_id": f"{number:x}abcdef0123456789",
        "dirty": False,
        "datetime": dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC),
        "interpreter": "3.14t" if machine == FREE else "3.13",
        "version": "3.14.0" if machine == FREE else "3.13.1",
        "interrupted": False,
        "noisy": False,
        "tags": (),
        "failed": {},
        "layout": (),
        "seconds": (),
    }
    return SessionSummary(**{**fields, **more})  # type: ignore[arg-type]


SESSIONS = [
    session(1),
    session(2, day=2, tags=("before", "12")),
    session(3, day=3, tags=("after",)),
    session(12, day=4),
    session(1, FREE, day=9),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", [(2, CPYTHON)]),
        ("0002", [(2, CPYTHON)]),
        ("1", [(1, CPYTHON), (1, FREE)]),
        ("2-12", [(2, CPYTHON), (3, CPYTHON), (12, CPYTHON)]),
        ("1,3", [(1, CPYTHON), (3, CPYTHON), (1, FREE)]),
        ("1&3.14t", [(1, FREE)]),
        ("before", [(2, CPYTHON)]),
        ("tag:12", [(2, CPYTHON)]),
        ("12", [(12, CPYTHON)]),
        ("2026-11-03", [(3, CPYTHON)]),
        ("2026-11-02..2026-11-04", [(2, CPYTHON), (3, CPYTHON), (12, CPYTHON)]),
        ("3.13", [(1, CPYTHON), (2, CPYTHON), (3, CPYTHON), (12, CPYTHON)]),
        ("python3.14t", [(1, FREE)]),
        ("3.13.1&after", [(3, CPYTHON)]),
        ("latest", [(1, FREE)]),
        ("3.13&latest", [(12, CPYTHON)]),
        (FREE, [(1, FREE)]),
        ("machine:Linux-x86_64-CPython-3.13", [(n, CPYTHON) for n in (1, 2, 3, 12)]),
        ("3abcde", [(3, CPYTHON)]),
        ("commit:CABC", [(12, CPYTHON)]),
        ("0003_x.json", [(3, CPYTHON)]),
        (f"/results/{CPYTHON}/0003_x.json", [(3, CPYTHON)]),
        ("main", [(2, CPYTHON)]),
    ],
)
def test_a_text_means_sessions(text: str, expected: list[tuple[int, str]]) -> None:
    found = select(text, SESSIONS, {"main": "2abcdef0123456789"}.get)
    assert [(one.number, one.machine_id) for one in found] == expected


@pytest.mark.parametrize("text", ["99", "nothing", "3.13&3.14t", "", " , ", "tag:nothing", "2025-01-01", "machine:x"])
def test_what_means_nothing_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(NothingSelected) as refused:
        select(text, SESSIONS)
    told = str(refused.value)
    for offered in ("numbers 1 to 12", "2026-11-01 to 2026-11-09", "3.13, 3.14t", "after, before", CPYTHON):
        assert offered in told


def test_an_empty_store_says_what_to_do() -> None:
    with pytest.raises(NothingSelected, match="run parabench bench first"):
        select("latest", [])


def test_there_may_be_more_than_ten_thousand_sessions() -> None:
    found = select("9999-10001", [session(9998), session(9999), session(10001), session(123456)])
    assert [one.number for one in found] == [9999, 10001]
    assert [one.number for one in select("123456", [session(9998), session(123456)])] == [123456]


def test_interpreters_have_the_names_that_tox_gives_them() -> None:
    cpython = {"python_version": "3.14.0", "python_implementation": "CPython", "gil_enabled": True}
    assert interpreter_of(cpython) == "3.14"
    assert interpreter_of(cpython | {"gil_enabled": False}) == "3.14t"
    assert interpreter_of(cpython | {"jit_enabled": True}) == "3.14-jit"
    pypy = {"python_version": "3.11.13", "python_implementation": "PyPy", "jit_enabled": True}
    assert interpreter_of(pypy) == "pypy3.11"
    assert interpreter_of({}) is None
    assert is_interpreter("3.13,pypy3.11")
    assert not is_interpreter("3.13,before")
    assert not is_interpreter("12")
