"""The check from fresh clones does not pass where it has checked nothing; no clone is made here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "fresh_clones"


@pytest.mark.parametrize(("name", "status"), [("3.11:uv", 1), ("3.14:pip", 1), ("3.13t:pip", 0)])
def test_interpreters_that_have_to_be_there_and_are_not_fail_it(name: str, status: int, tmp_path: Path) -> None:
    absent = tmp_path / f"python{name.partition(':')[0]}"
    absent.write_text("#!/bin/sh\nexit 127\n")
    absent.chmod(0o755)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run([SCRIPT, name], env=environment, capture_output=True, text=True, check=False)
    assert f"not at hand, so not tried: {name.partition(':')[0]}" in ended.stdout
    assert ended.returncode == status
