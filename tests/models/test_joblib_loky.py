"""`joblib-loky` names its semaphores by the session, so that those of a killed one are found and removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parabench.models import find_models
from parabench.workers.environment import SCRATCH_VARIABLE

HERE = Path(__file__).parent
PROGRAM = """
from contract_driver import call_of
from parabench.models import find_models
from parabench.task import Batch

call = call_of("semaphores_of_caller")
with find_models()["joblib-loky"].open(2, call) as run:
    print(run(Batch(call, [0]))[0].value)
"""


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs /dev/shm")
@pytest.mark.skipif(find_models()["joblib-loky"].availability() is not None, reason="joblib is not installed")
def test_its_semaphores_carry_the_name_of_the_session(tmp_path):
    session = tmp_path / "parabench-0-session"
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": paths, SCRATCH_VARIABLE: str(session)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    names = done.stdout.split()
    assert names
    assert [name for name in names if not name.startswith("sem.parabench-0-session-")] == []
