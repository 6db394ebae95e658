"""Energy read from trees like /sys/class/powercap, made here: few machines that run tests offer a real one."""

import dataclasses
import os
from pathlib import Path

import deeds
import pytest

from parabench.measure.cell_server import _time_batch
from parabench.measure.energy import Packages
from parabench.measure.stay import Stay, visit_of
from parabench.records import Energy, Outcome
from parabench.task import Batch, TaskCall

RANGE = 262_143_328_850


def domain(root: Path, folder: str, name: str, microjoules: int, limit: int = RANGE) -> Path:
    """One powercap domain; returns the file of its counter."""
    made = root / folder
    made.mkdir(parents=True, exist_ok=True)
    (made / "name").write_text(f"{name}\n")
    (made / "max_energy_range_uj").write_text(f"{limit}\n")
    (made / "energy_uj").write_text(f"{microjoules}\n")
    return made / "energy_uj"


def between(packages, *changes):
    """What was spent while the counters were set to new values."""
    before = packages.read()
    for counter, microjoules in changes:
        counter.write_text(f"{microjoules}\n")
    return packages.spent(before, packages.read())


def test_two_packages_are_added(tmp_path):
    first = domain(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    energy = between(Packages(tmp_path), (first, 2_500_000), (second, 5_250_000))
    assert energy == Energy(pytest.approx(1.75))


def test_what_is_within_or_around_a_package_does_not_count_twice(tmp_path):
    package = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    others = [
        domain(tmp_path, "intel-rapl:0:0", "core", 0),
        domain(tmp_path, "intel-rapl:0:1", "package-lookalike", 0),
        domain(tmp_path, "intel-rapl:1", "psys", 0),
        domain(tmp_path, "intel-rapl-mmio:0", "package-0", 0),
        domain(tmp_path, "dtpm", "package-0", 0),
    ]
    energy = between(Packages(tmp_path), (package, 3_000_000), *((other, 900_000_000) for other in others))
    assert energy == Energy(pytest.approx(3.0))


def test_a_counter_that_starts_again_goes_on_from_its_range(tmp_path):
    first = domain(tmp_path, "intel-rapl:0", "package-0", 9_000_000, limit=10_000_000)
    second = domain(tmp_path, "intel-rapl:1", "package-1", 0)
    energy = between(Packages(tmp_path), (first, 500_000), (second, 2_000_000))
    assert energy == Energy(pytest.approx(1.5 + 2.0))


def test_a_machine_without_packages_gives_the_reason(tmp_path):
    domain(tmp_path, "intel-rapl:0", "psys", 0)
    for root in (tmp_path, tmp_path / "none"):
        energy = between(Packages(root))
        assert energy.joules is None
        assert energy.reason == "the system offers no energy counters of processor packages (powercap, RAPL)"


def test_one_unreadable_package_makes_the_sum_unknown(tmp_path):
    first = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    locked = domain(tmp_path, "intel-rapl:1", "package-1", 0)

    def read_text(path):
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return path.read_text()

    energy = between(Packages(tmp_path, read_text), (first, 1_000_000))
    said = "the kernel lets only root read the energy counters (energy_uj: permission denied)"
    assert energy == Energy(None, said)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_counter_with_roots_rights_is_unknown_to_others(tmp_path):
    domain(tmp_path, "intel-rapl:0", "package-0", 0).chmod(0)
    assert "permission denied" in between(Packages(tmp_path)).reason


@pytest.mark.parametrize(("file", "content"), [("energy_uj", "none\n"), ("max_energy_range_uj", ""), ("name", None)])
def test_a_damaged_tree_is_unknown_and_says_which_file(tmp_path, file, content):
    domain(tmp_path, "intel-rapl:0", "package-0", 0)
    damaged = tmp_path / "intel-rapl:0" / file
    damaged.unlink() if content is None else damaged.write_text(content)
    energy = between(Packages(tmp_path))
    assert energy.joules is None
    assert energy.reason.startswith("the energy counters cannot be read (")


def test_a_counter_that_vanishes_on_the_way_is_unknown(tmp_path):
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    packages = Packages(tmp_path)
    before = packages.read()
    counter.unlink()
    energy = packages.spent(before, packages.read())
    assert energy == Energy(None, "the energy counters cannot be read (energy_uj: No such file or directory)")


def test_the_batch_and_nothing_else_lies_between_the_readings(tmp_path):
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    events = []

    def read_text(path):
        if path == counter:
            events.append("read")
        return path.read_text()

    def run(batch):
        events.append("batch")
        counter.write_text("750000\n")
        return [Outcome(item) for item in batch.items]

    batch = Batch(TaskCall(task="builtins:abs"), [1, 2])
    timed = _time_batch(run, batch, Packages(tmp_path, read_text), collect_garbage=True)
    assert timed.used.joules == pytest.approx(0.75)
    assert timed.used.joules_reason is None
    assert [outcome.value for outcome in timed.outcomes] == [1, 2]
    assert events == ["read", "batch", "read"]


def test_the_clock_does_not_run_while_energy_is_read(tmp_path, monkeypatch):
    """A clock that moves only while the counters are read: the batch takes none of it."""
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    seconds = [0.0]

    def read_text(path):
        seconds[0] += 100.0 if path == counter else 0.0
        return path.read_text()

    packages = Packages(tmp_path, read_text)
    monkeypatch.setattr("parabench.measure.cell_server.time.perf_counter", lambda: seconds[0])
    timed = _time_batch(lambda batch: [], Batch(TaskCall(task="builtins:abs"), []), packages, collect_garbage=False)
    assert seconds[0] == 200.0
    assert timed.seconds == 0.0


@pytest.mark.parametrize(
    ("rounds", "joules", "reason"),
    [
        ([Energy(3.0), Energy(1.0)], 2.0, None),
        ([Energy(1.0), Energy(None, "gone")], None, "gone"),
        ([Energy(None, "first"), Energy(None, "second")], None, "first"),
    ],
)
def test_a_visit_has_the_mean_of_its_rounds(visit, rounds, joules, reason):
    stay: Stay = visit(deeds.workload(deeds.wait, [0.001]), "sequential", rounds=3)
    real = visit_of(stay, 0, 0)
    assert (real.joules is None) == (real.joules_reason is not None), "whatever this machine offers"
    used = stay.used_by_round[0]
    stay.used_by_round = [
        dataclasses.replace(used, joules=energy.joules, joules_reason=energy.reason) for energy in rounds
    ]
    record = visit_of(stay, 0, 0)
    assert record.joules == joules
    assert record.joules_reason == reason
