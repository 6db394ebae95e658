"""The network guard: what it lets through, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import socket
import socketserver
import threading

import pytest

from workloads.github.errors import NetworkRefused
from workloads.github.guard import is_near, refuse_network


@pytest.mark.parametrize(
    "host", [None, "", "localhost", b"localhost", "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", b"127.0.0.1"]
)
def test_this_machine_is_near(host):
    assert is_near(host)


@pytest.mark.parametrize(
    "host", ["api.github.com", "203.0.113.7", "10.0.0.1", "fe80::1%eth0", b"example.com", "localhost.example"]
)
def test_everything_else_is_not(host):
    assert not is_near(host)


def test_peers_of_the_model_are_let_through(monkeypatch):
    monkeypatch.setenv("PARABENCH_PEERS", "scheduler, 10.1.0.0/16,10.2.0.5")
    assert all(is_near(host) for host in ("scheduler", "10.1.2.3", "10.2.0.5"))
    assert not any(is_near(host) for host in ("10.2.0.6", "api.github.com"))


def test_unix_sockets_pairs_and_loopback_stay_open(tmp_path):
    with (
        refuse_network(),
        socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server,
        socketserver.UnixStreamServer(str(tmp_path / "s"), socketserver.BaseRequestHandler),
    ):
        with socket.create_connection(server.server_address):
            pass
        with socket.socket(socket.AF_UNIX) as connecting:
            connecting.connect(str(tmp_path / "s"))
        left, right = socket.socketpair()
        left.close()
        right.close()
        assert socket.getaddrinfo("localhost", 80)


def test_the_guard_is_gone_after_the_last_has_left():
    before = socket.socket.connect, socket.getaddrinfo, "connect" in vars(socket.socket)
    with refuse_network():
        with refuse_network():
            pass
        with pytest.raises(NetworkRefused, match=r"tried to reach example\.com: the request slipped past its mock"):
            socket.getaddrinfo("example.com", 80)
    assert (socket.socket.connect, socket.getaddrinfo, "connect" in vars(socket.socket)) == before


def test_threads_that_leave_in_any_order_leave_it_to_the_last():
    entered, leave = threading.Barrier(3), threading.Event()

    def hold():
        with refuse_network():
            entered.wait()
            leave.wait()

    threads = [threading.Thread(target=hold) for _ in range(2)]
    original = socket.getaddrinfo
    for thread in threads:
        thread.start()
    entered.wait()
    assert socket.getaddrinfo is not original
    leave.set()
    for thread in threads:
        thread.join()
    assert socket.getaddrinfo is original
