"""Accounting checked against tasks whose cost is known."""

import deeds
import pytest
from test_experiment import WITH_PROCESSES, ready

from parabench.machine.gil import gil_enabled
from parabench.measure.stay import visit_of


@pytest.mark.parametrize(
    "model", [ready(name) for name in [*WITH_PROCESSES, "process-pool-forkserver", "thread-pool", "sequential"]]
)
def test_cpu_seconds_of_the_whole_tree_are_booked(visit, model):
    stay = visit(deeds.workload(deeds.burn, [0.125] * 4, deterministic=False), model, workers=4)
    print(f"{model}: {stay.used.seconds_cpu:.3f} CPU seconds booked for 4 x 0.125")
    assert stay.used.seconds_cpu == pytest.approx(0.5, abs=0.04), "one task more or less are 0.125"
    ticks = stay.used.seconds_cpu_user + stay.used.seconds_cpu_system
    assert ticks == pytest.approx(stay.used.seconds_cpu, abs=0.011 * 5)


@pytest.mark.parametrize(
    "model",
    [
        ready("process-pool-fork"),
        ready("thread-pool"),
        *(
            ready(name, pytest.mark.slow)
            for name in ["sequential", "process-pool-forkserver", *WITH_PROCESSES]
            if name != "process-pool-fork"
        ),
    ],
)
def test_memory_held_by_a_task_is_seen(visit, model):
    stay = visit(deeds.workload(deeds.hold, [200]), model, instrument=True)
    held = (stay.instrumented.bytes_peak - stay.instrumented.bytes_before) / (1 << 20)
    print(f"{model}: {held:.1f} MiB seen for 200, {stay.instrumented.samples} samples")
    assert held == pytest.approx(200, rel=0.05)


def test_forked_pages_are_counted_once(visit):
    alone = visit(deeds.workload(deeds.wait, [0.05] * 8), "sequential", instrument=True)
    forked = visit(deeds.workload(deeds.wait, [0.05] * 8), "process-pool-fork", workers=8, instrument=True)
    ratio = forked.instrumented.bytes_before / alone.instrumented.bytes_before
    print(f"a cell with 8 forked workers holds {ratio:.2f} times the memory of one process")
    assert ratio < 4, "a sum of resident set sizes would give about 9"


@pytest.mark.parametrize("model", [ready(name) for name in [*WITH_PROCESSES, "sequential"]])
def test_bytes_written_by_tasks_are_booked(visit, model):
    stay = visit(deeds.workload(deeds.scribble, [1, 1, 1, 1]), model)
    print(f"{model}: {stay.used.bytes_written / (1 << 20):.2f} MiB written for 4")
    assert stay.used.bytes_written == pytest.approx(4 << 20, rel=0.05)


def test_the_gil_and_the_threads_of_a_cell_are_recorded(visit):
    record = visit_of(visit(deeds.workload(deeds.wait, [0.01] * 3), "thread-pool", workers=3), 0, 0)
    assert record.threads >= 4
    assert (record.gil_enabled_at_start, record.gil_enabled_at_end) == (gil_enabled(), gil_enabled())
