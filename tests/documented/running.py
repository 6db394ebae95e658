"""What every documented command line has to do."""

from __future__ import annotations

import importlib.util
import subprocess

import pytest
from lines import ALSO, NEEDS, SAYS, STATUS, fits


def skip_without(line: str) -> None:
    """Leave a line out that needs a library which is not there."""
    needs = fits(line, NEEDS)
    if needs is not None and importlib.util.find_spec(NEEDS[needs]) is None:
        pytest.skip(f"{NEEDS[needs]} is not installed")


def check(line: str, done: subprocess.CompletedProcess[str]) -> None:
    """It ends with the status that the page has for it, prints what matters most, and leaves no traceback."""
    said = f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    expected = {STATUS.get(fits(line, STATUS) or "", 0), ALSO.get(fits(line, ALSO) or "", 0)}
    assert done.returncode in expected, said
    assert "Traceback" not in done.stderr, said
    assert SAYS.get(fits(line, SAYS) or "", "") in done.stdout, said
