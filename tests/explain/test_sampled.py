"""Whose code burned the CPU and who awaits whom, as they are told."""

from __future__ import annotations

import dataclasses
import json

from parabench.explain.explanation import NOT_STORED, explain
from parabench.report.explanation_text import details
from tests.explain.cells import computing_alone

ALONE = computing_alone()


def test_cpu_is_told_by_package_most_first_and_the_chain_in_one_line():
    tables = {"cpu_packages": {"json": 0.25, "aiohttp": 0.41, "the task": 0.34}}
    chain = "main > fetch\n > \x1b[31mread"
    found = explain(dataclasses.replace(ALONE, tables=tables, await_chain=chain), [])
    text = details(found)
    assert "\n  CPU: aiohttp 41 %, the task 34 %, json 25 %" in text
    assert "\n  coroutines wait in: main > fetch > " in text
    assert "\x1b" not in text
    stored = json.loads(json.dumps(found.stored()))
    assert stored["cpu_packages"] == tables["cpu_packages"]
    assert (stored["cpu_packages_reason"], stored["await_chain_reason"]) == (None, None)


def test_what_is_unknown_has_its_reason():
    why = {"cpu_packages_reason": "tasks are too short"}
    found = explain(dataclasses.replace(ALONE, reasons=why), [])
    assert "CPU:" not in details(found)
    assert (found.cpu_packages, found.cpu_packages_reason) == (None, "tasks are too short")
    assert (found.await_chain, found.await_chain_reason) == (None, NOT_STORED)
