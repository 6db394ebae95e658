"""The loopback server: replies, order, latency, and that it goes away with its parent."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from parabench.workload import LimitCase, ServiceOptions
from workloads.github import WORKLOADS, loopback
from workloads.github.errors import ServerNotReady
from workloads.github.population import Population, latency, list_users, repositories_of
from workloads.github.sizes import check, expected, users, waves_limit

SETTINGS = {"seed": 1, "latency_seconds": 0.004, "page_size": 30, "users": 4}


@pytest.fixture(scope="module")
def server():
    with loopback.running_server(SETTINGS) as (process, ready):
        yield process, ready["url"]


@pytest.fixture
def connection(server):
    split = urlsplit(server[1])
    with socket.create_connection((split.hostname, split.port), timeout=10) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connected


def request(target, *headers, version="1.1"):
    return "\r\n".join([f"GET {target} HTTP/{version}", "Host: x", *headers, "", ""]).encode()


def read_replies(connection, count):
    """(status, JSON body) of so many replies, in the order they came."""
    stream = connection.makefile("rb")
    replies = []
    for _ in range(count):
        status = int(stream.readline().split()[1])
        headers = dict(line.decode().strip().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
        replies.append((status, json.loads(stream.read(int(headers["Content-Length"])) or "null")))
    return replies


def test_the_service_yields_settings_and_stops_its_server(tmp_path):
    options = ServiceOptions(seed=1, latency_seconds=0.001, scratch_directory=tmp_path, github_url="", size="small")
    before = {child.pid for child in psutil.Process().children()}
    with loopback.service(options) as settings:
        assert json.loads(json.dumps(settings)) == settings
        assert settings["latency_seconds"] == 0.001
        assert "asyncio.Protocol on" in settings["server"]
        assert {child.pid for child in psutil.Process().children()} - before
    assert {child.pid for child in psutil.Process().children()} == before


def test_every_client_reads_all_pages(server, list_over_sockets):
    settings = {**SETTINGS, "source": "loopback", "url": server[1]}
    for user in list_users(8):
        assert list_over_sockets(user, settings) == expected(user)


def test_requests_sent_ahead_are_answered_in_order(connection):
    names = ["dev-0003", "dev-0000", "nobody", "dev-0002", *list_users(60)]
    connection.sendall(b"".join(request(f"/users/{name}/repos?per_page=100") for name in names))
    replies = read_replies(connection, len(names))
    assert replies[2] == (404, json.loads(Population("", 1, 0).answer("/users/nobody/repos").body))
    for name, (status, repositories) in zip(names, replies, strict=True):
        if name != "nobody":
            assert (status, repositories) == (200, list(repositories_of(name)[:100]))


def test_a_request_in_pieces_is_answered_once(connection):
    for byte in request("/users/dev-0001/repos?per_page=100"):
        connection.sendall(bytes([byte]))
    assert read_replies(connection, 1) == [(200, list(repositories_of("dev-0001")))]
    assert not select.select([connection], [], [], 0.05)[0]


@pytest.mark.parametrize("lines", [("Connection: close",), ("connection: close",)])
def test_a_client_may_ask_to_close(connection, lines):
    connection.sendall(request("/users/dev-0001/repos?per_page=100", *lines))
    assert read_replies(connection, 1)[0][0] == 200
    assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /users/dev-0001/repos HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        request("/users/dev-0001/repos", version="1.0"),
        request("/users/dev-0001/repos", "Content-Length: 3"),
        b"GET /" + b"x" * 100_000,
    ],
)
def test_what_it_does_not_understand_ends_the_connection(connection, sent):
    connection.sendall(sent)
    assert read_replies(connection, 1) == [(400, None)]
    connection.close()


def test_a_client_that_goes_away_costs_nothing(server, connection):
    connection.sendall(request("/users/dev-0001/repos"))
    connection.close()
    split = urlsplit(server[1])
    asking = http.client.HTTPConnection(split.hostname, split.port, timeout=10)
    asking.request("GET", "/users/dev-0001/repos")
    assert asking.getresponse().status == 200
    asking.close()


def test_a_reply_is_never_early(connection):
    for user in list_users(20):
        began = time.monotonic()
        connection.sendall(request(f"/users/{user}/repos?per_page=30"))
        read_replies(connection, 1)
        assert time.monotonic() - began >= latency(1, 0.004, user, 1)


def test_a_server_that_cannot_start_says_why():
    with (
        pytest.raises(ServerNotReady, match=r"(?s)the loopback server ended with exit status 1 .*KeyError: 'seed'"),
        loopback.running_server({"users": 1}),
    ):
        pass


@pytest.mark.parametrize("also_forked", [False, True], ids=["alone", "its fork holds the pipe"])
def test_the_server_dies_with_a_killed_parent(also_forked):
    program = (
        "import os, time\n"
        "from workloads.github.loopback import running_server\n"
        f"with running_server({SETTINGS}) as (process, ready):\n"
        f"    child = os.fork() if {also_forked} else 1\n"
        "    if child: print(process.pid, child, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        server, child = map(int, parent.stdout.readline().split())
        process = psutil.Process(server)
        parent.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs([process], timeout=10)
        if also_forked:
            os.kill(child, signal.SIGKILL)
    assert not alive


# --- sizes and limits -----------------------------------------------------------------------------------------------


def case(workers, items=None):
    settings = {"seed": 1, "latency_seconds": 0.005, "page_size": 30}
    return LimitCase(
        items=users("small") if items is None else items,
        settings=settings,
        workers=workers,
        cores_usable=1,
        seconds_sequential=None,
    )


def test_the_limit_is_all_waiting_shared_by_the_workers():
    alone = waves_limit(case(1))
    assert alone.seconds == pytest.approx(
        sum(latency(1, 0.005, user, page) for user in users("small") for page in range(1, expected_pages(user) + 1))
    )
    assert waves_limit(case(2)).seconds == pytest.approx(alone.seconds / 2, rel=0.01)
    assert waves_limit(case(2)).reason == "shortest schedule of all reply times on 2 workers"


def expected_pages(user):
    return max(1, -(-expected(user)["repositories"] // 30))


def test_the_limit_is_never_below_the_longest_task():
    many = waves_limit(case(1_000))
    assert many.seconds == max(waves_limit(case(1, [user])).seconds for user in users("small"))
    assert many.reason == "reply times of the longest task, one page after the other"


def test_a_check_sees_lost_doubled_and_foreign_repositories():
    right = expected("dev-0001")
    assert check("dev-0001", right)
    assert not check("dev-0002", right)
    assert not check("dev-0001", right | {"repositories": right["repositories"] - 1})
    assert not check("dev-0001", right | {"digest": "0" * 16})
    assert not check("dev-0001", None)


def test_names_and_descriptions():
    sources = ("mocked", "loopback", "live")
    names = ("requests", "aiohttp", "httpx", "httpx-async")
    assert [workload.name for workload in WORKLOADS] == [
        f"github-{source}-{name}" for source in sources for name in names
    ]
    for workload in WORKLOADS:
        assert workload.client in workload.name
        assert workload.description.endswith(".")
        assert workload.drives_event_loop == (workload.task_async is not None)
