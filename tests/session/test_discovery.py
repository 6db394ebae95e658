import sys

import pytest

from parabench.errors import DuplicateName, InvalidWorkload, NothingDeclared, WorkloadNotLoadable
from parabench.models import find_models
from parabench.names import find, reference_to
from parabench.session.discovery import find_workloads


@pytest.fixture
def folder(tmp_path, monkeypatch, request):
    """An empty workloads folder with a package name of its own, forgotten afterwards."""
    name = f"workloads_{abs(hash(request.node.name))}"
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / name).mkdir()
    yield tmp_path / name
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_every_model_of_the_issue_is_there():
    assert set(find_models()) >= {
        "sequential",
        "thread-per-task",
        "thread-pool",
        "process-per-task",
        "mp-pool",
        "process-pool-fork",
        "process-pool-forkserver",
        "process-pool-spawn",
        "asyncio",
        "asyncio-uvloop",
        "asyncio-to-thread",
        "interpreters",
        "gevent",
        "joblib-loky",
    }


def test_a_file_with_one_function_is_a_workload(folder):
    (folder / "mine.py").write_text("import json\ndef add_one(n):\n    '''Adds one.'''\n    return n + 1\n")
    (found,) = find_workloads(folder).values()
    assert (found.name, found.kind, found.description) == ("add-one", "custom", "Adds one.")
    assert list(found.items("small")) == list(range(8))
    assert found.task(1) == 2


def test_a_coroutine_function_alone_is_a_workload(folder):
    (folder / "mine.py").write_text("import asyncio\nasync def wait(n):\n    await asyncio.sleep(0)\n    return n\n")
    (found,) = find_workloads(folder).values()
    assert (found.name, found.kind, found.task_async) == ("wait", "custom", found.task)


def test_what_is_bound_to_a_variable_is_a_task_and_may_be_declared(folder):
    (folder / "mine.py").write_text(
        "from functools import partial\nfrom parabench import Workload, workload\n"
        "def scale(n, factor):\n    'Scales.'\n    return n * factor\n"
        "class Adder:\n    def add(self, n): return n + 1\n    def __call__(self, n): return n\n"
        "double = workload(items=[1, 2])(partial(scale, factor=2))\n"
        "adder = Adder()\n"
        "WORKLOADS = [Workload(name='add', task=adder.add, items=lambda size: [1]),"
        " Workload(name='call', task=adder, items=lambda size: [1])]\n"
    )
    found = find_workloads(folder)
    assert {name: reference_to(each.task).partition(":")[2] for name, each in found.items()} == {
        "add": "adder.add",
        "call": "adder",
        "scale": "double",
    }
    assert {each.module for each in found.values()} == {f"{folder.name}.mine"}
    assert found["scale"].description == "Scales."


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            "from functools import partial\ndef _scale(n, by): return n * by\nadd_two = partial(_scale, by=2)",
            6,
        ),
        ("class Adder:\n    def add(self, n): return n + 2\nadd_two = Adder().add", 5),
        ("class Adder:\n    def add(self, n): return n + 2\n_adder = Adder()\nadd_two = _adder.add", 5),
        ("class Adder:\n    def __call__(self, n): return n + 2\nadd_two = Adder()", 5),
    ],
)
def test_the_one_thing_that_is_called_is_a_workload_by_the_name_of_its_variable(folder, source, value):
    (folder / "mine.py").write_text(source + "\n")
    (found,) = find_workloads(folder).values()
    assert (found.name, found.kind, found.task(3)) == ("add-two", "custom", value)
    assert find(reference_to(found.task))(3) == value


def test_the_one_function_comes_before_what_else_is_called(folder):
    (folder / "mine.py").write_text(
        "from functools import partial\ndef scale(n, factor=3): return n * factor\ntwice = partial(scale, factor=2)\n"
    )
    assert list(find_workloads(folder)) == ["scale"]


def test_the_decorator_on_a_method_says_what_to_write_instead(folder):
    (folder / "mine.py").write_text(
        "from parabench import workload\nclass Adder:\n    def add(self, n): return n\n"
        "adder = Adder()\ntask = workload(items=[1])(adder.add)\n"
    )
    with pytest.raises(WorkloadNotLoadable, match=r"takes no attributes .*: write WORKLOADS = .*name='add', task="):
        find_workloads(folder)


def test_private_helpers_and_imports_do_not_count(folder):
    (folder / "mine.py").write_text(
        "from math import sqrt\nfrom os.path import join\ndef _h(n): return n\ndef task(n): return _h(n)\n"
    )
    assert list(find_workloads(folder)) == ["task"]


def test_a_file_that_declares_nothing_is_refused_unless_its_name_says_that_it_helps(folder):
    (folder / "_helpers.py").write_text("def a(n): return n\ndef b(n): return n\n")
    assert find_workloads(folder) == {}
    (folder / "pair.py").write_text("def a(n): return n\ndef b(n): return n\n")
    with pytest.raises(NothingDeclared, match=r"the workload file .*pair\.py declares no workload"):
        find_workloads(folder)


def test_the_decorator_says_more_and_keeps_the_function(folder):
    (folder / "mine.py").write_text(
        "from parabench import workload\n"
        "@workload(kind='cpu', items=[1, 2], name='twice-it')\n"
        "def twice(n): return 2 * n\n"
        "@workload\ndef thrice(n): return 3 * n\n"
    )
    found = find_workloads(folder)
    assert list(found) == ["twice-it", "thrice"]
    assert found["twice-it"].kind == "cpu"
    assert found["twice-it"].task(4) == 8


def test_a_file_that_does_not_import_is_named(folder):
    (folder / "broken.py").write_text("def (:\n")
    with pytest.raises(WorkloadNotLoadable, match=r"cannot import the workload file .*broken\.py: SyntaxError"):
        find_workloads(folder)


def test_two_workloads_of_one_name_are_refused(folder):
    for file in ("a.py", "b.py"):
        (folder / file).write_text("def same(n): return n\n")
    with pytest.raises(DuplicateName, match=r"two workloads are called 'same': .*\.a and .*\.b; rename one"):
        find_workloads(folder)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "TASK = Workload(name='x', task=lambda n: n, items=lambda size: [1])",
            r"<lambda> is neither a module-level function nor bound to a variable of a module, .* bind it to one",
        ),
        (
            "class Adder:\n def add(self, n): return n\nTASK = Workload(name='x', task=Adder().add, items=list)",
            r"Adder\.add is neither a module-level function nor bound to a variable",
        ),
        (
            "class No: pass\ndef f(n): return n\nTASK = Workload(name='x', task=f, context=No, items=list)",
            "its context No has neither __enter__ and __exit__ nor setup and teardown",
        ),
        (
            "def f(n): return n\nTASK = Workload(name='x', task=f, items=lambda size: [1], kind='odd')",
            "its kind 'odd' is none of",
        ),
        (
            "async def f(n): return n\nTASK = Workload(name='x', task=f, task_async=Workload, items=lambda size: [1])",
            "its task f is a coroutine function and has a task_async beside it: name a synchronous function",
        ),
        (
            "async def f(n): yield n\nTASK = Workload(name='x', task=f, items=lambda size: [1])",
            "its task f yields: an asynchronous generator returns no value",
        ),
        *(
            (
                f"def f(n): return n\nTASK = Workload(name='x', task=f, items=lambda size: [1], tolerance={wrong})",
                "expected None or a share of the value, from 0 to below 1, such as 1e-9",
            )
            for wrong in ("-0.1", "1.0", "float('nan')", "True", "'1e-6'")
        ),
    ],
)
def test_workloads_that_no_worker_could_run_are_refused(folder, source, message):
    (folder / "mine.py").write_text(f"from parabench import Workload\n{source}\n")
    with pytest.raises(InvalidWorkload, match=rf"workload 'x' is not usable: .*{message}"):
        find_workloads(folder)


def test_no_folder_is_no_workloads(tmp_path):
    assert find_workloads(tmp_path / "missing") == {}
