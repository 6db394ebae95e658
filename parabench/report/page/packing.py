"""Numbers small enough for a page: logarithms in steps of 0.1 %, differences from one to the next, deflated, base64.

The page unpacks them with `DecompressionStream("deflate")`, which every browser of 2023 and later has.
"""

from __future__ import annotations

import base64
import math
import sys
import zlib
from array import array
from collections.abc import Sequence
from typing import Any

from parabench.report.page.figures_in_words import json_text

#: A step of a packed logarithm: numbers come back within 0.05 %.
STEP = 0.001
#: What stands for a number that is unknown.
UNKNOWN = -32768


def packed_series(rows: Sequence[Sequence[float]]) -> str:
    """Rows of numbers above 0, of one length or not, one row after the other; NaN and what is not above 0 is unknown.

    Each number is its natural logarithm over STEP as 16 bits, least significant byte first, less the one before it
    (modulo 2**16, from 0 at the begin of each row): e**-32 to e**32, which no time or amount of bytes leaves.
    """
    deltas = array("H")
    for row in rows:
        before = 0
        for number in row:
            now = _stepped(number)
            deltas.append((now - before) & 0xFFFF)
            before = now
    if sys.byteorder == "big":
        deltas.byteswap()
    return _text_of(deltas.tobytes())


def packed_json(value: Any) -> str:
    """Any JSON value, deflated."""
    return _text_of(json_text(value).encode())


def unpacked_series(text: str, lengths: Sequence[int]) -> list[list[float]]:
    """What the page makes of packed rows of these lengths."""
    deltas = array("H")
    deltas.frombytes(zlib.decompress(base64.b64decode(text)))
    if sys.byteorder == "big":
        deltas.byteswap()
    place, rows = 0, []
    for length in lengths:
        now, row = 0, []
        for delta in deltas[place : place + length]:
            now = (now + delta) & 0xFFFF
            signed = now - 0x10000 if now >= 0x8000 else now
            row.append(math.nan if signed == UNKNOWN else math.exp(signed * STEP))
        rows.append(row)
        place += length
    return rows


def _stepped(number: float) -> int:
    if not number > 0 or math.isinf(number):  # NaN is not above 0 either
        return UNKNOWN
    return max(UNKNOWN + 1, min(-UNKNOWN - 1, round(math.log(number) / STEP)))


def _text_of(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()
