"""One client at a time for workers that a user has started, and nothing left behind by any."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from queue_helpers import PASSWORD, QUEUES, Broker, batch, call_of, external_worker, model_or_skip, wait_until

from parabench.errors import QueueHeld
from parabench.queues import lease
from parabench.queues.address import Address, connected
from parabench.workers.services import Services

CLIENT = """\
import sys
from parabench.models import find_models
from parabench.queues import lease
from parabench.workers.services import Services
from parabench.task import Batch, TaskCall

lease.SECONDS_LEASE, lease.SECONDS_RENEWAL = 4.0, 1.0  # what it leaves when it is killed ends sooner
call = TaskCall(task="tasks_for_tests:misbehave")
model = find_models()[sys.argv[1]]
with model.open_with(2, call, Services(broker=sys.argv[2], workers_external=True)) as run:
    print("held", flush=True)
    run(Batch(call, [["slow", 600.0]] * 9))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", QUEUES)
def test_a_second_client_is_told_who_has_the_workers(name: str, broker: Broker, tmp_path: Path) -> None:
    model = model_or_skip(name)
    services = Services(broker=broker.url, workers_external=True)
    with external_worker(name, broker, tmp_path):
        client = subprocess.Popen([sys.executable, "-c", CLIENT, name, broker.url], stdout=subprocess.PIPE, text=True)
        assert client.stdout is not None
        assert client.stdout.readline() == "held\n"
        held = rf"workers of parabench-{name} at redis://:\*\*\*@.* held by process {client.pid} on \S+ since \d{{4}}-"
        with pytest.raises(QueueHeld, match=held) as raised:
            model.open_with(2, call_of("misbehave"), services).__enter__()
        assert PASSWORD not in str(raised.value)
        assert client.poll() is None
        client.kill()
        client.wait()
        client.stdout.close()
        wait_until(lambda: not [key for key in broker.names() if key.startswith((f"parabench-{name}:", "rq:job"))])
    assert broker.names() == [], "killed clients and workers that end leave nothing"


@pytest.mark.slow
@pytest.mark.parametrize("name", QUEUES)
def test_a_client_leaves_nothing_and_workers_leave_nothing(name: str, broker: Broker, tmp_path: Path) -> None:
    model = model_or_skip(name)
    services = Services(broker=broker.url, workers_external=True)
    with external_worker(name, broker, tmp_path), batch(model, services, [["quick", 0.0]] * 20) as go:
        assert [outcome.value for outcome in go()[0]] == ["quick"] * 20
    assert broker.names() == []
    with batch(model, Services(broker=broker.url), [["quick", 0.0]] * 20) as go:  # workers of its own
        assert len(go()[0]) == 20
    assert broker.names() == []


@pytest.mark.slow
def test_a_lease_without_an_end_is_not_waited_for_without_end(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SECONDS_LEASE", 0.5)
    address = Address(broker.url, "parabench-rq")
    holder = {"host": "elsewhere", "pids": None, "pid": 1, "started": "2026-01-01T00:00:00Z", "id": "1"}
    with connected(address) as client:
        client.set(address.lease, json.dumps(holder))
        with pytest.raises(QueueHeld, match="held by process 1 on elsewhere"), lease.leased(client, address):
            pass
        client.delete(address.lease)
