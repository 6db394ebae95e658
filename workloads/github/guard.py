"""No way out: while it is active, this process connects to nothing but itself and the model's own peers.

It is the second wall behind the mocks: a request that a mock did not catch fails here, naming its host. Unix sockets,
pipes and loopback stay open, because models talk to their workers through them. Models whose workers sit on other
hosts name those in the environment variable PARABENCH_PEERS (host names, addresses or networks, with commas).
"""

from __future__ import annotations

import functools
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from workloads.github.activation import Activation
from workloads.github.errors import NetworkRefused


@contextmanager
def _refusing() -> Iterator[None]:
    """Wrap every way to a connection that Python code has in this process; afterwards nothing of it is left."""
    with ExitStack() as stack:
        for owner, name, check in _ways_out():
            stack.enter_context(_guarded(owner, name, check))
        yield


#: Active from the first context that enters it to the last that leaves, in any thread of this process.
refuse_network = Activation("the network guard", _refusing)

Check = Callable[..., None]


def _ways_out() -> Iterator[tuple[Any, str, Check]]:
    # gevent's monkey patching replaces these objects; they are looked up when the guard goes up, so it meets those.
    yield socket.socket, "connect", _check_connect
    yield socket.socket, "connect_ex", _check_connect
    yield socket, "create_connection", _check_address
    yield socket, "getaddrinfo", _check_name
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None:  # libuv connects and resolves without Python's sockets
        yield uvloop.Loop, "create_connection", _check_loop_connection
        yield uvloop.Loop, "getaddrinfo", _check_loop_name


@contextmanager
def _guarded(owner: Any, name: str, check: Check) -> Iterator[None]:
    own = name in vars(owner)
    original = getattr(owner, name)

    @functools.wraps(original)
    def guarded(*arguments: Any, **keywords: Any) -> Any:
        check(*arguments, **keywords)
        return original(*arguments, **keywords)

    setattr(owner, name, guarded)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


def _check_connect(connecting: socket.socket, address: Any, *rest: Any) -> None:
    if connecting.family in (socket.AF_INET, socket.AF_INET6):
        _check_address(address)


def _check_address(address: Any, *rest: Any, **keywords: Any) -> None:
    if not is_near(address[0]):
        raise NetworkRefused(f"{address[0]}:{address[1]}")


def _check_name(host: Any, *rest: Any, **keywords: Any) -> None:
    if not is_near(host):
        raise NetworkRefused(str(host.decode() if isinstance(host, bytes) else host))


def _check_loop_connection(loop: Any, factory: Any, host: Any = None, *rest: Any, **keywords: Any) -> None:
    _check_name(host)


def _check_loop_name(loop: Any, host: Any, *rest: Any, **keywords: Any) -> None:
    _check_name(host)


def is_near(host: str | bytes | None) -> bool:
    """True for this machine's loopback and for the model's own peers."""
    if not host or host in ("localhost", b"localhost"):
        return True
    name = host.decode() if isinstance(host, bytes) else host
    peers = [peer.strip() for peer in os.environ.get("PARABENCH_PEERS", "").split(",") if peer.strip()]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in peers
    return address.is_loopback or address.is_unspecified or any(_contains(peer, address) for peer in peers)


def _contains(peer: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(peer, strict=False)
    except ValueError:  # a host name
        return False
