"""What a session leaves behind: one JSON file that is complete, private, and readable by stock pytest-benchmark."""

from __future__ import annotations

import getpass
import json
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from user_project import QUICK, Project, flat

MINE = "def mine(item):\n    return item * 2\n"
SUMS = """
from parabench.workload import cpu_limit, workload

@workload(items=[20_000] * 4, kind="cpu", limit=cpu_limit, client="none at all", libraries=("psutil",))
def sums(item):
    return sum(range(item))
"""
RAISES = """
import threading

def mine(item):
    if threading.current_thread() is not threading.main_thread():
        raise ValueError(f"not {item}")
    return item
"""


@pytest.fixture
def one(project: Project) -> Project:
    """One plain workload and its experiment."""
    project.workload("mine", MINE)
    project.experiment()
    return project


def test_each_valid_cell_is_one_benchmark_with_its_raw_round_times(one: Project) -> None:
    one.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "2", "--rounds", "3")
    cells = one.cells()
    assert set(cells) == {"mine-sequential", "mine-thread-pool"}
    for name, cell in cells.items():
        assert cell["fullname"] == f"benchmarks/test_custom.py::test_custom[{name}]"
        assert len(cell["stats"]["data"]) == cell["stats"]["rounds"] == 6
        assert min(cell["stats"]["data"]) == cell["stats"]["min"] > 0


def test_extra_info_says_what_was_measured_and_what_it_cost(project: Project) -> None:
    project.workload("sums", SUMS)
    project.experiment("cpu")
    project.pytest("benchmarks", "--models", "sequential,process-pool-fork", "--workers", "2", "--passes", "2")
    about = project.cells()["sums-process-pool-fork-w2"]["extra_info"]
    identity = {key: about[key] for key in ("workload", "model", "kind", "workers", "size", "tasks", "client")}
    assert identity == {
        "workload": "sums",
        "model": "process-pool-fork",
        "kind": "cpu",
        "workers": 2,
        "size": "small",
        "tasks": 4,
        "client": "none at all",
    }
    for key in ("seconds_per_round", "seconds_cold_start", "seconds_cpu", "bytes_peak", "ideal_seconds_per_round"):
        assert about[key] > 0, key
    for key in ("context_switches_voluntary", "context_switches_involuntary"):
        assert about[key] >= 0, key
    assert about["share_of_ideal"] == pytest.approx(about["ideal_seconds_per_round"] / about["seconds_per_round"])
    assert set(about["libraries"]) == {"psutil"}


@pytest.mark.slow
def test_cpu_seconds_and_memory_count_every_process_of_the_model(project: Project) -> None:
    project.workload(
        "heavy",
        # Memory straight from the system and back to it: an allocator may keep what was freed.
        "import mmap, time\nfrom parabench.workload import workload\n\n@workload(items=[1, 2], kind='cpu')\n"
        "def heavy(item):\n    with mmap.mmap(-1, 60_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:\n"
        "        held[:: mmap.PAGESIZE] = b'x' * len(held[:: mmap.PAGESIZE])\n"
        "        time.sleep(0.3)  # longer than the reader pauses on a busy machine\n"
        "        return sum(i for i in range(2_000_000)) + len(held)\n",
    )
    project.experiment("cpu")
    project.pytest("benchmarks", "--models", "sequential,process-pool-fork", "--passes", "1", "--workers", "2")
    alone, pool = (project.cells()[name]["extra_info"] for name in ("heavy-sequential", "heavy-process-pool-fork-w2"))
    assert pool["seconds_cpu"] > alone["seconds_cpu"] / 2
    assert 60_000_000 < alone["bytes_peak"] < 120_000_000 < pool["bytes_peak"]
    assert pool["processes"] == 3


def test_an_unknown_limit_is_null_with_a_reason(one: Project) -> None:
    one.pytest("benchmarks", *QUICK)
    about = one.cells()["mine-thread-pool"]["extra_info"]
    assert about["ideal_seconds_per_round"] is about["share_of_ideal"] is None
    assert "no physical limit is known" in about["ideal_reason"]


def test_the_session_says_how_it_was_made(one: Project) -> None:
    one.pytest("benchmarks", *QUICK, "--seed", "12")
    session = one.stored()
    ours = session["parabench"]
    assert session["version"]
    assert session["datetime"]
    assert ours["format"] == 2
    assert ours["interrupted"] is False
    assert (ours["failed"], ours["not_run"]) == ([], [])
    assert ours["machine_id"] == one.sessions()[-1].parent.name
    assert ours["options"]["seed"] == 12
    assert ours["options"]["passes"] == 1
    assert ours["fingerprint"]["python_version"] == platform.python_version()


def test_the_folder_keeps_builds_apart_and_the_file_is_numbered(one: Project) -> None:
    one.pytest("benchmarks", *QUICK)
    stored = one.sessions()[-1]
    assert re.fullmatch(r"0001_unversioned_\d{8}_\d{6}\.json", stored.name)
    for part in (platform.system(), platform.machine(), platform.python_implementation(), platform.python_version()):
        assert part in stored.parent.name


def test_numbers_grow_with_each_session_even_after_gaps(one: Project) -> None:
    for _ in range(2):
        one.pytest("benchmarks", *QUICK)
    one.sessions()[0].unlink()
    one.pytest("benchmarks", *QUICK)
    assert [path.name[:4] for path in one.sessions()] == ["0002", "0003"]


def test_two_sessions_at_once_take_two_numbers(one: Project) -> None:
    started = [one.start("benchmarks", *QUICK) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    assert [path.name[:4] for path in one.sessions()] == ["0001", "0002"]
    assert {len(one.cells(index)) for index in (0, 1)} == {2}


def test_a_commit_names_the_file(one: Project) -> None:
    git = ["git", "-c", "user.name=Zebedee Quux", "-c", "user.email=zq@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, cwd=one.root)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, cwd=one.root, capture_output=True, text=True
    ).stdout
    one.pytest("benchmarks", *QUICK)
    assert one.sessions()[-1].name.startswith(f"0001_{commit.strip()}_")
    assert one.stored()["commit_info"]["id"] == commit.strip()
    assert "Zebedee" not in one.sessions()[-1].read_text()


@pytest.mark.parametrize("source", [MINE, RAISES], ids=["good", "with a traceback"])
def test_nothing_stored_names_the_host_the_user_or_the_home_directory(
    one: Project, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    names = [platform.node(), socket.getfqdn(), getpass.getuser(), "zebedee"]
    monkeypatch.setenv("LOGNAME", "zebedee")
    monkeypatch.setenv("USER", "zebedee")
    one.workload("mine", source)
    one.pytest("benchmarks", *QUICK)
    text = one.sessions()[-1].read_text()
    for name in names:
        assert not re.search(rf"\b{re.escape(name)}\b", text), name
    assert str(Path.home()) not in text  # pytester makes the project the home
    assert "/root" not in text


@pytest.mark.parametrize("where", ["benchmarks", "deep/er"])
def test_results_go_below_the_root_from_whichever_directory(
    one: Project, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    start = one.root / where
    start.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(start)
    one.pytest(one.root / "benchmarks", *QUICK).assert_outcomes(passed=2)
    assert len(one.sessions()) == 1
    assert not (start / "results").exists()


def test_results_go_below_the_root_from_outside(one: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for arguments in (["--rootdir", one.root, one.root / "benchmarks"], [one.root / "benchmarks"]):
        output, _ = (started := one.start(*arguments, *QUICK, cwd=outside)).communicate(timeout=60)
        assert started.returncode == 0, output
    assert len(one.sessions()) == 2
    assert not (outside / "results").exists()


def test_stock_pytest_benchmark_lists_and_compares_the_sessions(one: Project) -> None:
    for _ in range(2):
        one.pytest("benchmarks", *QUICK)
    stock = [sys.executable, "-m", "pytest_benchmark", "--storage", "results"]
    listed = one.pytester.run(*stock, "list")
    assert [Path(line).name for line in listed.outlines] == [path.name for path in one.sessions()]
    compared = one.pytester.run(*stock, "compare")
    assert compared.ret == 0
    shown = flat(compared.stdout.str())
    for cell in ("mine-sequential", "mine-thread-pool"):
        for number in ("0001", "0002"):
            assert f"test_custom[{cell}] ({number}_" in shown
    assert one.pytester.run(*stock, "compare", "0002", "--columns", "median,rounds").ret == 0


def test_two_sessions_with_one_seed_visit_the_cells_in_one_order(one: Project) -> None:
    orders = []
    for seed in ("5", "5", "6"):
        one.pytest(
            "benchmarks", "--models", "sequential,thread-pool,asyncio,thread-per-task", "--passes", "2", "--seed", seed
        )
        visits = [
            (visit["pass"], visit["position"], name)
            for name, cell in one.cells().items()
            for visit in cell["extra_info"]["passes"]
        ]
        assert len({visit[:2] for visit in visits}) == len(visits) == 8
        orders.append(sorted(visits))
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    first, second = ([name for number, _, name in orders[0] if number == index] for index in (0, 1))
    assert first != second


def test_benchmark_disable_runs_the_cells_and_stores_nothing(one: Project) -> None:
    result = one.pytest("benchmarks", *QUICK, "--benchmark-disable")
    result.assert_outcomes(passed=2)
    assert not one.sessions()
    assert "Stored as" not in result.stdout.str()


def test_stock_options_that_write_files_still_write_them(one: Project) -> None:
    one.pytest("benchmarks", *QUICK, "--benchmark-json", "all.json").assert_outcomes(passed=2)
    written = json.loads((one.root / "all.json").read_text())
    assert {benchmark["param"] for benchmark in written["benchmarks"]} == set(one.cells())
