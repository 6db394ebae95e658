"""One client at a time for workers that a user has started, and nothing left behind by any."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class TakenAfterOneCommand:
    """A broker whose lease another client takes as soon as its holder has said one thing to it."""

    def __init__(self, broker: Any, key: str) -> None:
        self._broker, self._key = broker, key

    def __getattr__(self, name: str) -> Any:
        def command(*arguments: Any, **options: Any) -> Any:
            answer = getattr(self._broker, name)(*arguments, **options)
            if self._broker.get(self._key) == "own":
                self._broker.set(self._key, "of another client", px=1000)
            return answer

        return command


def test_a_lease_that_another_client_has_taken_meanwhile_is_not_put_off(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("redis")
    address, stop = Address(broker.url, "parabench-rq"), threading.Event()
    monkeypatch.setattr(lease, "SECONDS_RENEWAL", 0.0)
    with connected(address) as real:
        real.set(address.lease, "own", px=1000)

        @contextlib.contextmanager
        def taken(_: Address) -> Iterator[TakenAfterOneCommand]:
            yield TakenAfterOneCommand(real, address.lease)
            stop.set()

        monkeypatch.setattr(lease, "connected", taken)
        lease._renew(address, "own", stop)
        assert real.get(address.lease) == "of another client"
        assert real.pttl(address.lease) <= 1000


def test_a_lease_is_renewed_and_one_that_is_gone_is_taken_again(broker: Broker) -> None:
    pytest.importorskip("redis")
    address = Address(broker.url, "parabench-rq")
    with connected(address) as real:
        for before in ({"px": 1000}, None):
            real.delete(address.lease)
            if before is not None:
                real.set(address.lease, "own", **before)
            stop = threading.Event()
            renewer = threading.Thread(target=lease._renew, args=(address, "own", stop))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(lease, "SECONDS_RENEWAL", 0.02)
                renewer.start()
                wait_until(lambda: real.pttl(address.lease) > 1000)
                stop.set()
                renewer.join()
            assert real.get(address.lease) == "own"
