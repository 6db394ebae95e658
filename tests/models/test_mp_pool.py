"""`mp-pool`, whose processes share locks and a pipe: one that is killed with them in hand leaves no thread waiting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SECONDS_AT_MOST = 60

PROGRAM = """
import threading

from contract_driver import call_of
from parabench.models import find_models
from parabench.task import Batch

call = call_of("dies_with")
with find_models()["mp-pool"].open(2, call) as run:
    outcomes = list(run(Batch(call, [{what!r}, "nothing"])))
print(outcomes[0].failure[0], [thread.name for thread in threading.enumerate()])
"""


@pytest.mark.parametrize("what", ["lock of results", "lock of tasks", "half a result"])
def test_a_process_killed_with_what_its_pool_shares_leaves_no_thread(what):
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    command = [sys.executable, "-c", PROGRAM.format(what=what)]
    environment = {**os.environ, "PYTHONPATH": paths}
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS_AT_MOST
    )
    assert result.stderr == ""
    assert result.stdout.split(" ", 1) == ["WorkerDied", "['MainThread']\n"]
