"""Fixtures: every model that can run here, and a folder for a run of the driver.

Rooms: models, clusters.
"""

import tempfile
from pathlib import Path

import pytest
from driven import MODELS, alone_on_the_network, slow_if_on_request

from parabench.workers.services import OWN_SERVICES


@pytest.fixture(scope="module", params=map(slow_if_on_request, MODELS))
def model(request):
    found = MODELS[request.param]
    unavailable = found.availability()
    if unavailable is not None:
        pytest.skip(unavailable.reason)
    if found.unserved(OWN_SERVICES) and alone_on_the_network() is None:
        pytest.skip(f"{found.unserved(OWN_SERVICES).reason}; as root, with unshare and ip, it runs in its own network")
    return found


@pytest.fixture
def folder():
    """Not pytest's own, whose path is too long for sockets where tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="d") as made:
        yield Path(made)
