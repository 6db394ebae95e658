"""`aioresponses` for any aiohttp, at a cost that does not grow with the number of calls.

Imported only where aiohttp is used anyway.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from typing import Any
from unittest.mock import patch

from aiohttp import ClientResponse
from aioresponses import aioresponses

_TAKES_WRITER = "stream_writer" in inspect.signature(ClientResponse.__init__).parameters


class _NothingSent:
    output_size = 0


class MockedResponse(ClientResponse):
    """The response class to answer with.

    aiohttp 3.14 demands a `stream_writer` that aioresponses 0.7.9 does not give (its issue 289; later versions may).
    The loop it gives is a mock in debug mode, which makes every response extract a stack trace: the real one does not.
    """

    def __init__(self, method: str, url: Any, **keywords: Any) -> None:
        if _TAKES_WRITER:
            keywords.setdefault("stream_writer", _NothingSent())
        keywords["loop"] = asyncio.get_running_loop()
        super().__init__(method, url, **keywords)


class _Forgetful(dict[Any, Any]):
    """Takes the record of a call and drops it."""

    def __getitem__(self, key: Any) -> list[Any]:
        return []

    def setdefault(self, key: Any, default: Any = None) -> Any:  # noqa: ARG002  # dict's own signature
        return default


class SteadyAioresponses(aioresponses):  # type: ignore[misc, unused-ignore]  # it has types in some releases only
    """The mock without its records of calls, which nobody reads here.

    The plain one deep-copies the arguments of every call and keeps them, with every response, in lists and in a
    `unittest.mock` object: memory that grows with each round, and time that belongs to no model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests = _Forgetful()

        async def relay(session: Any, method: str, url: Any, *arguments: Any, **keywords: Any) -> Any:
            return await self._request_mock(session, method, url, *arguments, **keywords)

        self.patcher = patch("aiohttp.client.ClientSession._request", new=relay)

    def start(self) -> None:
        """Put the mock in place."""
        super().start()
        self._responses: Any = deque(maxlen=0)

    def _build_request_call(self, *_arguments: Any, **_keywords: Any) -> None:
        return None
