"""CPU-bound work in native code that releases the GIL: hashing and compression of large buffers.

Buffers are one seeded 64 KiB block repeated, which takes a fraction of a millisecond to make in the worker. The block
is twice as long as zlib's window, so that the compressor cannot see the repetition and works as hard as on fresh data.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Mapping

from parabench.workload import Json, Size, Workload, cpu_limit

BYTES_BLOCK = 64 * 1024
BYTES_BUFFER = 1024 * 1024

#: size -> (tasks, buffers of 1 MiB hashed per task).
HASHING: Mapping[Size, tuple[int, int]] = {"small": (24, 8), "medium": (32, 42), "large": (64, 350)}
#: size -> (tasks, bytes compressed per task).
COMPRESSION: Mapping[Size, tuple[int, int]] = {
    "small": (24, 2 * BYTES_BLOCK),
    "medium": (32, 12 * BYTES_BLOCK),
    "large": (64, 100 * BYTES_BLOCK),
}
#: Of 1 (fast) to 9 (small); zlib's own default.
COMPRESSION_LEVEL = 6


def hash_buffers(item: Mapping[str, int]) -> dict[str, Json]:
    """SHA-256 of a 1 MiB buffer, `buffers` times, then of the digests in a row."""
    buffer = _noise(item["seed"])
    digests = b"".join(hashlib.sha256(buffer).digest() for _ in range(item["buffers"]))
    return {"bytes": len(buffer) * item["buffers"], "sha256": hashlib.sha256(digests).hexdigest()}


def _noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(BYTES_BLOCK) * (BYTES_BUFFER // BYTES_BLOCK)


def hash_buffers_items(size: Size) -> list[Json]:
    """Buffers that differ in their seed."""
    tasks, buffers = HASHING[size]
    return [{"seed": task, "buffers": buffers} for task in range(tasks)]


def hash_buffers_check(item: Json, result: Json) -> bool:
    """The digest of the buffer fed in small pieces, repeated, has the same digest; cheap for any number of buffers."""
    streamed, block = hashlib.sha256(), random.Random(item["seed"]).randbytes(BYTES_BLOCK)
    for _ in range(BYTES_BUFFER // BYTES_BLOCK):
        streamed.update(block)
    sha256 = hashlib.sha256(streamed.digest() * item["buffers"]).hexdigest()
    return bool(result == {"bytes": BYTES_BUFFER * item["buffers"], "sha256": sha256})


HASH_BUFFERS = Workload(
    name="hash-buffers",
    kind="native",
    description="Hashes large buffers with SHA-256: native code that releases the GIL.",
    task=hash_buffers,
    items=hash_buffers_items,
    check=hash_buffers_check,
    limit=cpu_limit,
)


def compress_buffers(item: Mapping[str, int]) -> dict[str, Json]:
    """Compress a buffer with zlib and decompress it again.

    Returns the length and CRC-32 of what came back, and whether it had been smaller in between; the compressed length
    itself is left out, because it depends on the zlib that Python was built with.
    """
    original = _text(item["seed"], item["bytes"])
    compressed = zlib.compress(original, COMPRESSION_LEVEL)
    restored = zlib.decompress(compressed)
    return {"bytes": len(restored), "crc32": zlib.crc32(restored), "smaller": len(compressed) < len(original)}


def _text(seed: int, length_bytes: int) -> bytes:
    block = random.Random(seed).randbytes(BYTES_BLOCK // 2).hex().encode("ascii")
    return (block * (length_bytes // len(block) + 1))[:length_bytes]


def compress_buffers_items(size: Size) -> list[Json]:
    """Texts of hexadecimal digits that differ in their seed."""
    tasks, length_bytes = COMPRESSION[size]
    return [{"seed": task, "bytes": length_bytes} for task in range(tasks)]


def compress_buffers_check(item: Json, result: Json) -> bool:
    """What came back is the original, and it had been compressed."""
    crc32 = zlib.crc32(_text(item["seed"], item["bytes"]))
    return bool(result == {"bytes": item["bytes"], "crc32": crc32, "smaller": True})


COMPRESS_BUFFERS = Workload(
    name="compress-buffers",
    kind="native",
    description="Compresses large buffers with zlib and restores them: native code that releases the GIL.",
    task=compress_buffers,
    items=compress_buffers_items,
    check=compress_buffers_check,
    on_request=True,
    limit=cpu_limit,
)
