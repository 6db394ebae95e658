"""What is swept of shared memory: never what a living process uses, whoever made it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from pathlib import Path

import pytest

from parabench.measure.watchdog import sweep_shared_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shared memory is seen in /dev/shm")


def test_a_semaphore_that_its_maker_uses_is_left_alone(tmp_path: Path) -> None:
    began = time.time()
    lock = multiprocessing.get_context("spawn").Lock()  # named, so that a spawned process can open it
    name = f"sem.{lock._semlock.name.lstrip('/')}"
    assert name in os.listdir("/dev/shm")
    sweep_shared_memory(str(tmp_path), began)
    assert name in os.listdir("/dev/shm")


def test_a_semaphore_that_nobody_has_mapped_goes(tmp_path: Path) -> None:
    left = Path("/dev/shm/sem.mp-nobodys0")
    left.write_bytes(bytes(32))
    sweep_shared_memory(str(tmp_path), time.time())
    assert not left.exists()
