"""A whole session while another program takes all cores: visits are repeated once, marked, and told."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from user_project import Project

pytestmark = pytest.mark.slow
WORK = """\
import time

def mine(item):
    end = time.thread_time() + 0.003
    while time.thread_time() < end:
        pass
    return item
"""
#: Ends by itself, whatever becomes of the test.
BURN = "import sys, time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"


def test_visits_that_another_program_disturbs_are_repeated_once_and_marked(project: Project) -> None:
    project.workload("mine", WORK)
    project.experiment()
    arguments = ("--models", "sequential,process-pool-fork", "--workers", "2", "--passes", "3", "--rounds", "2")
    burners = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(2 * (os.cpu_count() or 1))]
    session = project.start("benchmarks", *arguments)
    try:
        deadline = time.monotonic() + 60
        while not any(b'"visit"' in path.read_bytes() for path in project.root.glob("results/*/.session-*.journal")):
            assert session.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        for burner in burners:  # the other visits may be quiet
            burner.kill()
            burner.wait()
    text, _ = session.communicate(timeout=100)
    assert session.returncode == 0, text
    visits = [visit for cell in project.stored()["benchmarks"] for visit in cell["extra_info"]["passes"]]
    assert len(visits) == 6
    told = [[one for one in visit["disturbed"] if one["cause"] == "other programs"] for visit in visits]
    assert any(one["seconds_set_aside"] for each in told for one in each), "the first visit has been repeated"
    for visit, each in zip(visits, told, strict=True):
        aside = [one for one in each if one["seconds_set_aside"]]
        assert len(aside) <= 1, "once"
        if aside:
            assert len(aside[0]["seconds_set_aside"]) == 2
            assert aside[0]["count"] >= visit["share_others"], "the quieter one is kept"
        if len(each) > len(aside):
            assert visit["share_others"] > 0.2, "what is kept and marked was disturbed, too"
    shown = " ".join(text.partition("Disturbed:")[2].split())
    assert "other programs (up to " in shown
    assert "set aside and repeated" in shown
    assert project.processes_left() == []
