"""Addresses of brokers: what may be shown of them, and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.queues.address import Address, is_broker, shown
from parabench.session.options import Options
from parabench.workers.services import Services

SECRETS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=8).filter(
    lambda text: text not in "redis://user:***@host:6379/0"
)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:pass@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://me:pass@host/1", "rediss://me:***@host/1"),
        ("redis://me:p@ss@host", "redis://me:***@host"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_password_is_not_shown(url: str, told: str) -> None:
    assert shown(url) == told


@given(SECRETS)
def test_no_password_is_shown_whatever_it_is(secret: str) -> None:
    assert secret not in shown(f"redis://user:{secret}@host:6379/0")
    assert secret not in repr(Address(f"redis://user:{secret}@host:6379/0", "n"))
    assert secret not in repr(Services(broker=f"redis://user:{secret}@host:6379/0"))


@pytest.mark.parametrize("url", ["redis://host", "rediss://:p@host:1/2", "unix:///a/b"])
def test_urls_of_redis_are_taken(url: str) -> None:
    assert is_broker(url)


@pytest.mark.parametrize("url", ["host:6379", "http://host", "redis://", "redis://host:x", "unix://", ""])
def test_other_urls_are_not(url: str) -> None:
    assert not is_broker(url)


def test_options_keep_addresses_out_of_what_they_show() -> None:
    fields = Options.__dataclass_fields__
    assert [name for name in ("broker", "dask_scheduler", "ray_address") if fields[name].repr] == []
