"""Nothing in a broker without an end: what nobody is left to remove vanishes by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from queue_helpers import QUEUES, Broker, external_worker, kill_tree, model_or_skip, wait_until

from parabench.queues.expiring import SECONDS_KEPT, expiring_client, with_ends

CLIENT = """\
import sys
from parabench.models import find_models
from parabench.workers.services import Services
from parabench.task import Batch, TaskCall

call = TaskCall(task="tasks_for_tests:misbehave")
with find_models()[sys.argv[1]].open_with(2, call, Services(broker=sys.argv[2], workers_external=True)) as run:
    run(Batch(call, [["quick", 0.0]] * 9))
    print("done", flush=True)
    run(Batch(call, [["slow", 600.0]] * 9))
"""


def without_end(broker: Broker) -> list[str]:
    """Keys that would stay for ever."""
    import redis

    with redis.Redis.from_url(broker.url, decode_responses=True) as client:
        return [key for key in client.scan_iter("*") if client.ttl(key) == -1]


@pytest.mark.parametrize("name", QUEUES)
def test_all_has_an_end_while_tasks_are_under_way_and_when_everybody_is_killed(
    name: str, broker: Broker, tmp_path: Path
) -> None:
    model_or_skip(name)
    with external_worker(name, broker, tmp_path) as (worker, _):
        command = [sys.executable, "-c", CLIENT, name, broker.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == "done\n"
            wait_until(lambda: without_end(broker) == [])  # what is moved gets its end a moment later
            ours = lambda: [key for key in broker.names() if "/" not in key]  # noqa: E731
            wait_until(lambda: any("acks" in key or "unacked" in key or "wip" in key for key in ours()))
            assert without_end(broker) == []
            kill_tree(worker.pid)
            client.kill()
        assert ours()
        assert without_end(broker) == []


def test_the_ends_that_a_library_sets_itself_count() -> None:
    told, kept = with_ends([(("HSET", "job", "a", 1), {}), (("EXPIRE", "job", 5), {}), (("GET", "job"), {})])
    assert [command[0] for command in told] == [
        ("HSET", "job", "a", 1),
        ("EXPIRE", "job", SECONDS_KEPT),
        ("EXPIRE", "job", 5),
        ("GET", "job"),
    ]
    assert kept == [0, 2, 3]


def test_answers_are_those_of_the_commands_that_were_asked_for(broker: Broker) -> None:
    with expiring_client().from_url(broker.url, decode_responses=True) as client:
        assert client.rpush("list", "a", "b") == 2
        assert client.hset("hash", "field", "value") == 1
        assert client.get("list:none") is None
        client.rpush("from", "x")
        assert client.lmove("from", "to") == "x"
        assert client.lmove("from", "to") is None
        with client.pipeline() as pipe:
            pipe.lpush("list", "c")
            pipe.set("text", "t", ex=9)
            pipe.lrange("list", 0, -1)
            assert pipe.execute() == [3, True, ["c", "a", "b"]]
            assert pipe.execute() == []
        assert {key: client.ttl(key) > 9 for key in ("list", "hash", "text")} == {
            "list": True,
            "hash": True,
            "text": False,
        }
    assert without_end(broker) == []
