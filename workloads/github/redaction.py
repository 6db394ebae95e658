"""Keeping the token out of everything that a server or a client library says: replies, errors, log."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from workloads.github.activation import Activation

Hide = Callable[[str], str]
HIDDEN = "***"
#: Loggers of the client libraries: at their level of detail they quote what a server has sent.
LOGGERS = ("aiohttp", "httpcore", "httpx", "urllib3")


def hide_nothing(text: str) -> str:
    """What hides the token where there is none."""
    return text


def hiding(token: str) -> Hide:
    """A function that takes the token out of a text, in capitals or not, plain or percent-encoded as in a URL."""
    return functools.partial(_hidden, re.compile(re.escape(token), re.IGNORECASE))


def _hidden(token: re.Pattern[str], text: str) -> str:
    text = token.sub(HIDDEN, text)
    plain = unquote(text)
    return token.sub(HIDDEN, plain) if token.search(plain) else text


@contextmanager
def _muted() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


#: The client libraries log nothing while a client with a token is open.
muted = Activation("silence of the client libraries", _muted)
