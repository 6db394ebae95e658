"""What holds for every workload that needs no network."""

import importlib
import json
import subprocess
import sys

import pytest

from parabench.task import TaskCall, find, reference_to
from parabench.workload import KINDS, SIZES, Workload
from workloads import cpu_bound, disk_bound, machine_learning, native_code, overhead, shared_state

MODULES = (cpu_bound, disk_bound, machine_learning, native_code, overhead, shared_state)
WORKLOADS = [value for module in MODULES for value in vars(module).values() if isinstance(value, Workload)]


def by_name(workload: Workload) -> str:
    return workload.name


def numbers(item: object) -> int:
    return sum(item.values()) if isinstance(item, dict) else item


def test_the_promised_workloads_are_declared():
    assert {workload.name: workload.kind for workload in WORKLOADS} == {
        "count-primes": "cpu",
        "mandelbrot": "cpu",
        "aggregate-records": "cpu",
        "gradient-descent": "cpu",
        "hash-buffers": "native",
        "compress-buffers": "native",
        "write-read-files": "disk",
        "no-op": "overhead",
        "counter-unsafe": "shared_state",
        "counter-safe": "shared_state",
    }


@pytest.mark.parametrize("workload", WORKLOADS, ids=by_name)
def test_a_user_is_told_in_one_sentence_what_it_does(workload):
    assert workload.kind in KINDS
    assert workload.description.endswith(".")
    assert workload.description.count(". ") == 0


@pytest.mark.parametrize("workload", WORKLOADS, ids=by_name)
@pytest.mark.parametrize("size", SIZES)
def test_items_are_json_and_the_same_on_every_call(workload, size):
    items = workload.items(size)
    assert json.loads(json.dumps(items)) == items
    assert workload.items(size) == items


@pytest.mark.parametrize("workload", WORKLOADS, ids=by_name)
def test_sizes_grow_in_tasks_and_in_their_length(workload):
    batches = [workload.items(size) for size in SIZES]
    assert len(batches[0]) < len(batches[1]) < len(batches[2])
    assert numbers(batches[0][-1]) < numbers(batches[1][-1]) < numbers(batches[2][-1])


@pytest.mark.parametrize("workload", WORKLOADS, ids=by_name)
def test_any_worker_finds_the_functions_by_name(workload):
    for function in (workload.task, workload.task_async, workload.context):
        assert function is None or find(reference_to(function)) is function


@pytest.mark.parametrize("workload", [w for w in WORKLOADS if w.context is None], ids=by_name)
def test_a_small_batch_passes_its_own_check(workload):
    call = TaskCall(task=reference_to(workload.task))
    items = workload.items("small")
    results = [call(item).value for item in items]
    assert json.loads(json.dumps(results)) == results
    assert all(workload.check(item, result) for item, result in zip(items, results, strict=True))
    if workload.after_round is not None:
        assert workload.after_round(items, results, {})


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_worker_imports_nothing_but_the_standard_library(module):
    importlib.import_module(module.__name__)
    code = (
        f"import sys; import {module.__name__}; "
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names); "
        "print(*sorted(name for name in names if not name.startswith('_')))"
    )
    # -S: no site-packages, so that nothing that start-up files import is counted.
    path = ":".join(sys.path)
    code = f"import sys; sys.path[:] = {path!r}.split(':'); {code}"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["parabench", "workloads"]
