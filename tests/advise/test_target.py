"""Functions are found as workers find them, or refused with what would help."""

from __future__ import annotations

import functools
import operator
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from parabench.advise.target import target_from, target_of
from parabench.errors import TargetUnusable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def test_a_function_of_a_file(folder):
    write(folder / "jobs_of_a_file.py", "def resize(item):\n    return item\n")
    target = target_of("jobs_of_a_file.py:resize", folder)
    assert (target.reference, target.root, target.function(3)) == ("jobs_of_a_file:resize", folder.resolve(), 3)
    assert not target.is_coroutine


def test_a_file_of_a_package_is_imported_under_its_full_name(folder):
    write(folder / "pack_a/__init__.py", "")
    write(folder / "pack_a/inner/__init__.py", "")
    write(
        folder / "pack_a/inner/jobs.py",
        "from ..inner import __name__\nasync def fetch(item): ...\n",
    )
    target = target_of("pack_a/inner/jobs.py:fetch", folder)
    assert target.reference == "pack_a.inner.jobs:fetch"
    assert target.root == folder.resolve()
    assert target.is_coroutine


def test_methods_that_a_name_leads_to(folder):
    write(
        folder / "jobs_methods.py",
        """
        class Client:
            def fetch(self, item):
                return item + 1
            @staticmethod
            def plain(item):
                return item + 2
        client = Client()
        """,
    )
    assert target_of("jobs_methods.py:client.fetch", folder).function(1) == 2
    assert target_of("jobs_methods.py:Client.plain", folder).function(1) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__main__:work", "workers cannot import __main__; move the function into a module of its own"),
        ("jobs.py", "it names no function; write file.py:function"),
        ("missing.py:work", "there is no file"),
        ("no_such_module_here:work", "importing no_such_module_here raises ModuleNotFoundError"),
        ("json.py:work", "give the file another name"),
        ("my-jobs.py:work", "is no name that can be imported; rename the file"),
        ("broken_jobs.py:work", "raises ZeroDivisionError: division by zero; workers import it just so"),
        ("ends_jobs.py:work", "ends the process (SystemExit(3))"),
        ("good_jobs.py:other", "good_jobs has no 'other'; functions there are: work"),
        ("good_jobs.py:LIMIT", "it is a int, no function"),
        ("good_jobs.py:Klass", "it is a class, no function"),
    ],
)
def test_what_is_refused_says_what_would_help(folder, text, message):
    write(folder / "json.py", "def work(item): ...\n")
    write(folder / "my-jobs.py", "def work(item): ...\n")
    write(folder / "broken_jobs.py", "1 / 0\n")
    write(folder / "ends_jobs.py", "import sys\nsys.exit(3)\n")
    write(folder / "good_jobs.py", "LIMIT = 3\nclass Klass: ...\ndef work(item): ...\n")
    with pytest.raises(TargetUnusable) as caught:
        target_of(text, folder)
    assert message in str(caught.value)


def test_a_function_at_hand():
    target = target_from(textwrap.dedent)
    assert (target.reference, target.function) == ("textwrap:dedent", textwrap.dedent)
    assert target.root == Path(textwrap.__file__).resolve().parent


def decorated(function):
    @functools.wraps(function)
    def wrapper(item):
        return function(item)

    return wrapper


@decorated
def wrapped(item):
    return item


class Client:
    def fetch(self, item):
        return item


class Caller:
    def __call__(self, item):
        return item


class Waiter:
    async def __call__(self, item):
        return item


def test_a_decorated_function_is_found_as_it_is_decorated():
    assert target_from(wrapped).function is wrapped


client = Client()
caller = Caller()
waiter = Waiter()
half = functools.partial(operator.mul, 0.5)
fetch = Client().fetch


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (client.fetch, "client.fetch"),
        (fetch, "fetch"),
        (half, "half"),
        (caller, "caller"),
        (waiter, "waiter"),
    ],
)
def test_what_a_variable_of_a_module_is_bound_to(function, name):
    target = target_from(function)
    assert (target.reference, target.root) == (f"{__name__}:{name}", target_from(wrapped).root)
    assert target.function == function
    assert target.is_coroutine == (name == "waiter")


def test_what_only_main_is_bound_to_is_refused(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "of_main", functools.partial(wrapped), raising=False)
    with pytest.raises(TargetUnusable, match="no name by which workers could find it; bind it to a variable"):
        target_from(sys.modules["__main__"].of_main)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda item: item, "a lambda, a function within a function"),
        (functools.partial(wrapped), "it has no name by which workers could find it"),
        (Client().fetch, "it is a method of an object (Client), which workers do not have; bind the object to"),
        (wrapped.__wrapped__, "importing that name gives another object"),
    ],
)
def test_functions_that_workers_would_not_find(function, message):
    with pytest.raises(TargetUnusable, match=r"cannot be advised on") as caught:
        target_from(function)
    assert message in str(caught.value)


def test_a_function_of_main_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(wrapped, "__module__", "__main__")
    with pytest.raises(TargetUnusable, match="defined in __main__, which workers cannot import; move the function"):
        target_from(wrapped)
