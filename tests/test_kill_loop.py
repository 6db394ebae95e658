"""The short form of `python tests/kill_loop.py 200`."""

import random

import kill_loop
import pytest


@pytest.mark.slow
def test_killed_sessions_lose_no_finished_visit(tmp_path, capsys):
    kill_loop.project(tmp_path)
    source = random.Random(3)
    results = [kill_loop.one_session(tmp_path, source) for _ in range(2)]
    print(f"finished visits, lost, complete: {results}")
    assert sum(lost for _, lost, _ in results) == 0
    assert all(complete for _, _, complete in results)
    assert any(before for before, _, _ in results)
