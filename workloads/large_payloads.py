"""Large items and results and hardly any work: what does it cost to send them to a worker and back?"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping

from parabench.workload import Json, Limit, LimitCase, Size, Workload

#: size -> (tasks, characters of an item).
PAYLOADS: Mapping[Size, tuple[int, int]] = {
    "small": (24, 256 * 1024),
    "medium": (48, 1024 * 1024),
    "large": (96, 4 * 1024 * 1024),
}
#: Characters that are drawn at random; an item repeats them.
CHARACTERS_DRAWN = 64 * 1024


def turn_payload(item: Mapping[str, str]) -> dict[str, Json]:
    """The text backwards, and its CRC-32: as much comes back as was sent."""
    text = item["text"][::-1]
    return {"text": text, "crc32": zlib.crc32(text.encode("ascii"))}


def items(size: Size) -> list[Json]:
    """Texts of hexadecimal digits that differ in their seed."""
    tasks, characters = PAYLOADS[size]
    blocks = [random.Random(task).randbytes(CHARACTERS_DRAWN // 2).hex() for task in range(tasks)]
    return [{"text": block * (characters // len(block))} for block in blocks]


def check(item: Json, result: Json) -> bool:
    """It is the text backwards, and nothing got lost."""
    text = item["text"][::-1]
    return bool(result == {"text": text, "crc32": zlib.crc32(text.encode("ascii"))})


def limit(case: LimitCase) -> Limit:
    """Unknown: a share of hardly any work means little."""
    return Limit(None, "there is hardly any work: nearly all time is sending")


TURN_PAYLOADS = Workload(
    name="turn-payloads",
    kind="overhead",
    description="Turns large texts around, which costs little, so that sending them back and forth is what is left.",
    task=turn_payload,
    items=items,
    check=check,
    limit=limit,
    on_request=True,
)
