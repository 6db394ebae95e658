"""Limits of a session: whatever a project's law or items do, the session is stored."""

import math
from pathlib import Path

import pytest
from visits import visit

from parabench.history.session_file import limits_of
from parabench.records import Cell, CellRecord
from parabench.workload import Limit, Workload

CELL = Cell(workload="w", model="sequential", kind="cpu", workers=1, size="small")


def noop(item):
    return item


def raising(*_):
    raise LookupError("not today")


def limit_of(*, settings=None, **fields):
    workload = Workload(**{"name": "w", "task": noop, "items": lambda size: [1], **fields})
    record = CellRecord(CELL, tasks=1, visits=[visit(0, 1.0)])
    limits = limits_of([record], {"w": workload}, settings or {}, 2, Path("/home/somebody"))
    return limits[CELL.id]


def page_law(case):
    return Limit(case.settings["page_size"], "a page takes so long")


def test_a_law_is_asked_with_the_settings_of_its_service():
    assert limit_of(limit=page_law, service=noop, settings={"w": {"page_size": 3}}) == Limit(
        3.0, "a page takes so long"
    )


def test_without_settings_of_its_service_the_limit_is_unknown():
    found = limit_of(limit=page_law, service=noop)
    assert found == Limit(None, "its service did not run in this part of a resumed session")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"limit": raising}, "its law raised LookupError: not today"),
        ({"items": raising}, "its items raised LookupError: not today"),
        ({"limit": lambda case: Limit(math.nan, "x")}, "its law gave nan, which is no time"),
        ({"limit": lambda case: Limit(math.inf, "x")}, "its law gave inf, which is no time"),
        ({"limit": lambda case: 3.0}, "its law gave 3.0, which is no Limit"),
        ({"limit": lambda case: Limit("long", "x")}, "its law gave 'long', which is no time"),
    ],
)
def test_what_a_project_does_wrong_costs_the_limit_and_is_its_reason(fields, reason):
    assert limit_of(**fields) == Limit(None, reason)


def test_the_reason_names_no_private_folder():
    def law(case):
        raise FileNotFoundError(2, "No such file or directory", "/home/somebody/data.json")

    assert limit_of(limit=law).reason == (
        "its law raised FileNotFoundError: [Errno 2] No such file or directory: 'data.json'"
    )
