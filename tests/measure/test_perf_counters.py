"""What the processor and the kernel count, as far as the machine offers it."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

import pytest

from parabench.measure.perf_counters import EVENTS, PerfCounters


def test_what_can_be_counted_is_counted_and_what_cannot_has_a_reason() -> None:
    with PerfCounters([os.getpid()]) as counters:
        sum(range(100_000))
    assert counters.counts.keys() <= EVENTS.keys()
    assert all(count >= 0 for count in counters.counts.values())
    assert (counters.reason is None) == (counters.counts.keys() == EVENTS.keys())
    if "instructions" in counters.counts:
        assert counters.counts["instructions"] > 100_000


def test_a_process_that_has_ended_is_no_error() -> None:
    with PerfCounters([2**22 + 1]) as counters:
        pass
    assert counters.counts == {}


def test_elsewhere_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with PerfCounters([os.getpid()]) as counters:
        pass
    assert counters.reason == "counters are read on Linux only, on x86_64 and aarch64"


def test_an_interpreter_without_ctypes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setitem(sys.modules, "ctypes", None)
    with PerfCounters([os.getpid()]) as counters:
        pass
    assert str(counters.reason).startswith("this interpreter has no ctypes: ")


def test_what_is_forbidden_is_told_once_in_the_words_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def syscall(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(PerfCounters, "_library", lambda self: Library())
    monkeypatch.setattr(ctypes, "get_errno", lambda: 13)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with PerfCounters([os.getpid()]) as counters:
        pass
    assert counters.reason == "instructions: Permission denied"
