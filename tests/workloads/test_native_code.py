"""The native workloads hash and compress what they say."""

import hashlib
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads import native_code as native


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 4))
def test_hash_buffers_is_the_hash_of_the_hashes(seed, buffers):
    item = {"seed": seed, "buffers": buffers}
    result = native.hash_buffers(item)
    buffer = random.Random(seed).randbytes(65536) * 16
    digests = hashlib.sha256(buffer).digest() * buffers
    assert result == {"bytes": buffers << 20, "sha256": hashlib.sha256(digests).hexdigest()}
    assert native.hash_buffers_check(item, result)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(1_000, 200_000))
def test_compress_buffers_restores_the_original(seed, length):
    item = {"seed": seed, "bytes": length}
    result = native.compress_buffers(item)
    assert result["bytes"] == length
    assert result["crc32"] == zlib.crc32(native._text(seed, length))
    assert native.compress_buffers_check(item, result)


def test_the_compressor_does_not_see_that_the_block_repeats():
    one = len(zlib.compress(native._text(1, native.BYTES_BLOCK)))
    four = len(zlib.compress(native._text(1, 4 * native.BYTES_BLOCK)))
    assert 3.9 * one < four < 4.1 * one


@pytest.mark.parametrize(
    ("workload", "key", "wrong"),
    [
        (native.HASH_BUFFERS, "bytes", 1),
        (native.HASH_BUFFERS, "sha256", "0" * 64),
        (native.COMPRESS_BUFFERS, "bytes", 1),
        (native.COMPRESS_BUFFERS, "crc32", 0),
        (native.COMPRESS_BUFFERS, "smaller", False),
    ],
)
def test_check_refuses(workload, key, wrong):
    item = workload.items("small")[0]
    result = workload.task(item)
    assert workload.check(item, result)
    assert not workload.check(item, result | {key: wrong})


def test_items_of_another_seed_have_another_result():
    items = native.HASH_BUFFERS.items("small")
    assert native.hash_buffers(items[0]) != native.hash_buffers(items[1])
    assert not native.hash_buffers_check(items[1], native.hash_buffers(items[0]))
