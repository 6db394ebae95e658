"""Folders of workers whose supervisor was killed go when the next one starts; those in use stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parabench.queues.worker_folder import worker_folder
from parabench.workers.environment import SCRATCH_VARIABLE

HOLDER = """\
import time
from parabench.queues.worker_folder import worker_folder
with worker_folder() as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


def test_what_nobody_holds_goes_and_what_somebody_holds_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCRATCH_VARIABLE, str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        other = Path(holder.stdout.readline().strip())
        (other / "file").touch()
        with worker_folder() as own:
            assert other.is_dir()
            assert sorted(tmp_path.iterdir()) == sorted([other, Path(own)])
        holder.kill()
        holder.wait()
        assert list(tmp_path.iterdir()) == [other]
        with worker_folder() as own:
            assert list(tmp_path.iterdir()) == [Path(own)]
    assert list(tmp_path.iterdir()) == []
