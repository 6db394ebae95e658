"""Functions as text: what can be named is found again, what cannot is told."""

import functools
import math
import sys

import pytest

from parabench.names import find, reference_to


class Adder:
    def add(self, item):
        return item + 1

    def __call__(self, item):
        return item

    @staticmethod
    def twice(item):
        return 2 * item

    @classmethod
    def made(cls, item):
        return cls.__name__, item


def scale(item, factor):
    return item * factor


def make_adder(amount):
    def add(item):
        return item + amount

    return add


half = functools.partial(scale, factor=0.5)
adder = Adder()
add_three = make_adder(3)
negate = lambda item: -item  # noqa: E731 - a lambda with a name is what this is about


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (scale, "scale"),
        (half, "half"),
        (adder, "adder"),
        (adder.add, "adder.add"),
        (Adder, "Adder"),
        (Adder.twice, "Adder.twice"),
        (Adder.made, "Adder.made"),
        (add_three, "add_three"),
        (negate, "negate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_variable_of_a_module_leads_to_is_named_and_found(thing, name):
    assert reference_to(thing) == f"{__name__}:{name}"
    assert find(reference_to(thing)) == thing


def test_functions_of_libraries_are_named_by_their_own():
    assert reference_to(math.sqrt) == "math:sqrt"


@pytest.mark.parametrize("thing", [lambda item: item, Adder(), Adder().add, functools.partial(scale, factor=3)])
def test_what_no_variable_leads_to_cannot_be_named(thing):
    with pytest.raises(LookupError, match="is bound to no variable of a module"):
        reference_to(thing)


def test_variables_of_the_program_are_no_names_whatever_it_is_listed_as(monkeypatch):
    program = sys.modules["__main__"]
    monkeypatch.setitem(sys.modules, "__mp_main__", program)
    monkeypatch.setattr(program, "of_main", functools.partial(scale, factor=2), raising=False)
    with pytest.raises(LookupError):
        reference_to(program.of_main)
