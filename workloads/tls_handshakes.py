"""TLS connections that are opened, used once and closed: what does the handshake cost beside the reply?

The server is a process of its own on this machine, so its part of a handshake takes a core as the client's does. Its
certificate is made for the session by trustme, and the clients trust that one only.

    python -m workloads.tls_handshakes CERTIFICATE

prints one JSON line when it is ready and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from parabench.workload import Json, Limit, LimitCase, ServiceOptions, Settings, Size, Workload

HOST = "127.0.0.1"
TASKS: Mapping[Size, int] = {"small": 64, "medium": 256, "large": 1024}
#: Bytes of a message; as many come back.
MESSAGE_BYTES = 1024
#: Seconds that the server's process may take to come up and to go away, and that one reply may take.
SECONDS_TO_START, SECONDS_TO_STOP, SECONDS_TO_REPLY = 30.0, 5.0, 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and what its certificate is checked by."""

    port: int
    trust: ssl.SSLContext


def exchange(item: Mapping[str, int], server: Server) -> dict[str, Json]:
    """Connect, send a message, and read it backwards."""
    message = _message(item)
    with (
        socket.create_connection((HOST, server.port), SECONDS_TO_REPLY) as plain,
        server.trust.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        connection.sendall(message)
        reply = b""
        while len(reply) < MESSAGE_BYTES and (part := connection.recv(MESSAGE_BYTES)):
            reply += part
        return {"crc32": zlib.crc32(reply), "protocol": connection.version()}


async def exchange_async(item: Mapping[str, int], server: Server) -> dict[str, Json]:
    """The same on an event loop."""
    async with asyncio.timeout(SECONDS_TO_REPLY):
        reader, writer = await asyncio.open_connection(HOST, server.port, ssl=server.trust, server_hostname=HOST)
        try:
            writer.write(_message(item))
            reply = await reader.readexactly(MESSAGE_BYTES)
            return {"crc32": zlib.crc32(reply), "protocol": writer.get_extra_info("ssl_object").version()}
        finally:
            writer.transport.abort()  # the goodbye of TLS would be waited for, and says nothing


def items(size: Size) -> list[Json]:
    """One connection a task; the messages differ."""
    return [{"message": number} for number in range(TASKS[size])]


def check(item: Json, result: Json) -> bool:
    """All of the message came back, over the newest protocol."""
    return bool(result == {"crc32": zlib.crc32(_message(item)[::-1]), "protocol": "TLSv1.3"})


@contextmanager
def server_of(settings: Settings) -> Iterator[Server]:
    """What a thread needs to connect; its sessions are not resumed, so every handshake is a whole one."""
    yield Server(settings["port"], ssl.create_default_context(cafile=settings["certificate"]))


@asynccontextmanager
async def server_of_async(settings: Settings) -> AsyncIterator[Server]:
    """The same for an event loop."""
    with server_of(settings) as server:
        yield server


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """The server's process. Raises OSError when it does not come up."""
    import trustme

    authority, folder = trustme.CA(), options.scratch_directory
    trusted, own = folder / "authority.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(trusted))
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(own))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "workloads.tls_handshakes", str(own)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            readable, _, _ = select.select([process.stdout], [], [], SECONDS_TO_START)
            line = process.stdout.readline() if readable else b""
            if not line:
                raise OSError(f"the TLS server did not come up within {SECONDS_TO_START:.0f} s, or ended at once")
            yield {"port": json.loads(line)["port"], "certificate": str(trusted)}
        finally:
            process.stdin.close()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()


def limit(case: LimitCase) -> Limit:
    """Unknown: the server takes its part of the same cores."""
    return Limit(None, "the server's part of the handshakes takes the same cores")


def _message(item: Mapping[str, int]) -> bytes:
    return item["message"].to_bytes(4, "big") * (MESSAGE_BYTES // 4)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write((await reader.readexactly(MESSAGE_BYTES))[::-1])
        await writer.drain()
        await reader.read()  # until the client hangs up
    except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
        pass  # it went away, which is its own affair: its task says so
    finally:
        writer.transport.abort()


async def _serve(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(_answer, HOST, 0, ssl=context, backlog=max(TASKS.values()))
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)  # ends with the one who started it
    server.close()


TLS_HANDSHAKES = Workload(
    name="tls-handshakes",
    kind="network",
    description="Opens a TLS connection for each small message: the handshake is most of the work, on both sides.",
    task=exchange,
    task_async=exchange_async,
    context=server_of,
    context_async=server_of_async,
    context_scope="thread",
    items=items,
    service=service,
    check=check,
    limit=limit,
    imports=("trustme",),
    on_request=True,
)

if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
