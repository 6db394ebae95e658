"""What may be a context: managers, functions that make them, and classes that are set up and torn down."""

import asyncio
from contextlib import contextmanager

import pytest

from parabench.task.contexts import async_context_of, context_of, lacks

EVENTS = []


class Session:
    def setup(self):
        EVENTS.append("setup")

    def teardown(self):
        EVENTS.append("teardown")


class Opened(Session):
    def __init__(self, settings):
        self.url = settings["url"]

    def setup(self):
        super().setup()
        return self.url


class AsyncOpened(Opened):
    async def setup(self):
        return super().setup()

    async def teardown(self):
        super().teardown()


class Manager:
    def __enter__(self):
        return "managed"

    def __exit__(self, *error):
        EVENTS.append("left")


@contextmanager
def made(settings):
    yield settings["url"]


@pytest.fixture(autouse=True)
def forget():
    EVENTS.clear()


@pytest.mark.parametrize(
    ("factory", "value", "events"),
    [(Opened, "u", ["setup", "teardown"]), (Manager, "managed", ["left"]), (made, "u", [])],
)
def test_contexts_give_their_value_and_are_left(factory, value, events):
    with context_of(factory, {"url": "u"}) as entered:
        assert entered == value
    assert events == EVENTS


def test_an_object_whose_setup_returns_nothing_is_the_value_itself_and_is_torn_down_after_an_error():
    with pytest.raises(ValueError, match="it fails"), context_of(Session, {}) as entered:
        raise ValueError(f"it fails: {type(entered).__name__}")
    assert isinstance(entered, Session)
    assert EVENTS == ["setup", "teardown"]


@pytest.mark.parametrize("factory", [Opened, AsyncOpened])
def test_setup_and_teardown_may_be_coroutine_functions_in_a_loop(factory):
    async def main():
        async with async_context_of(factory, {"url": "u"}) as entered:
            return entered

    assert asyncio.run(main()) == "u"
    assert EVENTS == ["setup", "teardown"]


def test_a_class_that_is_neither_is_told():
    assert lacks(int) == "its context int has neither __enter__ and __exit__ nor setup and teardown"
    assert [lacks(factory) for factory in (Session, Manager, made)] == [None] * 3
