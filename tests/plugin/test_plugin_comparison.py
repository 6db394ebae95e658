"""`--benchmark-compare` shows stock pytest-benchmark's table against the latest session of the same fingerprint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from user_project import QUICK, Project, flat

MINE = "def mine(item):\n    return item * 2\n"


@pytest.fixture
def one(project: Project) -> Project:
    """One plain workload and its experiment."""
    project.workload("mine", MINE)
    project.experiment()
    return project


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where results of two sessions are kept once they have been measured: every test begins with a copy."""
    return tmp_path_factory.mktemp("measured") / "results"


@pytest.fixture
def twice(one: Project, measured: Path) -> Project:
    """The same after two sessions, 0001 and 0002."""
    if not measured.exists():
        for _ in range(2):
            one.pytest("benchmarks", *QUICK)
        shutil.copytree(one.root / "results", measured)
    shutil.copytree(measured, one.root / "results", dirs_exist_ok=True)
    return one


def copy_as(session: Path, target: Path) -> None:
    """A copy of a session in another place, a million times slower so that its use would be seen."""
    content = json.loads(session.read_text())
    for benchmark in content["benchmarks"]:
        for name in ("min", "max", "mean", "median"):
            benchmark["stats"][name] *= 1e6
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content))


def compared_with(result: pytest.RunResult) -> set[str]:
    """Numbers of the sessions in the comparison table beside the present one."""
    rows = [line for line in result.outlines if line.startswith("test_custom[")]
    assert any("(NOW)" in row for row in rows)
    earlier = [row.split("(", 1)[1].split(")")[0] for row in rows if "(NOW)" not in row]
    return {name.rsplit("/", 1)[-1][:4] for name in earlier}


def test_without_an_earlier_session_it_says_so_and_goes_on(one: Project) -> None:
    result = one.pytest("benchmarks", *QUICK, "--benchmark-compare")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    assert "nothing to compare with yet: no session of this fingerprint in" in flat(result.stdout.str())
    assert len(one.sessions()) == 1


def test_that_is_no_failure_where_warnings_are_errors(one: Project) -> None:
    one.ini("filterwarnings = error")
    result = one.pytest("benchmarks", *QUICK, "--benchmark-compare")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=2)


def test_the_table_compares_with_the_latest_session(twice: Project) -> None:
    result = twice.pytest("benchmarks", *QUICK, "--benchmark-compare")
    result.assert_outcomes(passed=2)
    assert compared_with(result) == {"0002"}
    for cell in ("mine-sequential", "mine-thread-pool"):
        assert f"test_custom[{cell}] (NOW)" in result.stdout.str()
    assert len(twice.sessions()) == 3


def test_the_table_names_the_earlier_session_as_stock_does(twice: Project) -> None:
    result = twice.pytest("benchmarks", *QUICK, "--benchmark-compare")
    assert "test_custom[mine-thread-pool] (0002_unversi)" in result.stdout.str()


def test_a_number_chooses_the_session(twice: Project) -> None:
    assert compared_with(twice.pytest("benchmarks", *QUICK, "--benchmark-compare", "0001")) == {"0001"}


def test_a_number_that_does_not_exist_is_said_with_the_folder_that_was_searched(twice: Project) -> None:
    result = twice.pytest("benchmarks", *QUICK, "--benchmark-compare", "0077")
    said = flat(result.stdout.str() + result.stderr.str())
    assert "0077" in said
    assert str(twice.root / "results") in said
    assert ".benchmarks" not in said


def test_it_never_compares_with_another_fingerprint(one: Project) -> None:
    one.pytest("benchmarks", *QUICK)
    ours = one.sessions()[0]
    copy_as(ours, one.root / "results" / "Linux-riscv64-CPython-3.99.0-0badcafe" / f"0099{ours.name[4:]}")
    result = one.pytest("benchmarks", *QUICK, "--benchmark-compare")
    assert compared_with(result) == {"0001"}
    assert "0099" not in result.stdout.str()


def test_only_foreign_sessions_are_nothing_to_compare_with(one: Project) -> None:
    one.pytest("benchmarks", *QUICK)
    ours = one.sessions()[0]
    copy_as(ours, one.root / "results" / "Linux-riscv64-CPython-3.99.0-0badcafe" / ours.name)
    ours.unlink()
    result = one.pytest("benchmarks", *QUICK, "--benchmark-compare")
    assert "nothing to compare with yet" in flat(result.stdout.str())
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("arguments", [["--benchmark-compare"], ["--benchmark-compare=0002"]], ids=["latest", "number"])
def test_it_works_from_outside_the_root(
    twice: Project, tmp_path_factory: pytest.TempPathFactory, arguments: list[str]
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    started = twice.start(twice.root / "benchmarks", *QUICK, *arguments, cwd=outside)
    output, _ = started.communicate(timeout=60)
    assert started.returncode == 0, output
    assert "test_custom[mine-thread-pool] (NOW)" in output
    assert "0002_unversi)" in output


def test_a_damaged_earlier_session_does_not_stop_the_run(twice: Project) -> None:
    latest = twice.sessions()[-1]
    latest.write_text(latest.read_text()[:500])
    result = twice.pytest("benchmarks", *QUICK, "--benchmark-compare")
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert len(twice.sessions()) == 3
    assert len(twice.cells()) == 2


def test_a_stock_gate_fails_on_a_slower_result(one: Project) -> None:
    one.pytest("benchmarks", *QUICK).assert_outcomes(passed=2)
    one.workload("mine", "import time\n\ndef mine(item):\n    time.sleep(0.01)\n    return item * 2\n")
    result = one.pytest("benchmarks", *QUICK, "--benchmark-compare", "--benchmark-compare-fail", "median:50%")
    assert result.ret != pytest.ExitCode.OK
    assert "Performance has regressed" in result.stdout.str() + result.stderr.str()
    assert len(one.sessions()) == 2


def test_sessions_without_any_number_and_files_that_cannot_be_read_are_passed_over(twice: Project) -> None:
    """A session whose every cell failed is stored for its reasons, and is nothing to compare with."""
    twice.workload("mine", "def mine(item):\n    raise ValueError('no good')\n")
    twice.pytest("benchmarks", *QUICK).assert_outcomes(failed=2)
    stored = twice.stored()
    assert stored["benchmarks"] == []
    assert [entry["cell"] for entry in stored["parabench"]["failed"]] == ["mine-sequential", "mine-thread-pool"]
    assert "ValueError: no good" in stored["parabench"]["failed"][0]["reason"]
    assert "Traceback" in stored["parabench"]["failed"][0]["reason"]
    twice.sessions()[-1].with_name("0004_broken.json").write_text("{")
    twice.workload("mine", MINE)
    result = twice.pytest("benchmarks", *QUICK, "--benchmark-compare")
    result.assert_outcomes(passed=2)
    assert compared_with(result) == {"0002"}
    assert "not compared with:" in result.stdout.str()
    assert "0004_broken.json" in result.stdout.str()


def test_an_interrupted_or_noisy_session_is_named_before_it_is_compared_with(twice: Project) -> None:
    last = twice.sessions()[-1]
    content = json.loads(last.read_text())
    content["parabench"] |= {"interrupted": True, "noisy": True}
    last.write_text(json.dumps(content))
    told = flat(twice.pytest("benchmarks", *QUICK, "--benchmark-compare").stdout.str())
    assert f"the session compared with was interrupted: {last.name}" in told
    assert f"the session compared with is marked noisy: {last.name}" in told


def test_verdicts_follow_the_stock_table(twice: Project) -> None:
    """One session against one, with one more of history, is too little to tell, and says what would do."""
    told = twice.pytest("benchmarks", *QUICK, "--benchmark-compare").stdout.str()
    verdicts = told.split("Did it change")[1]
    assert "2 unsure" in verdicts
    assert "mine-sequential" in verdicts
    assert "\\[" not in verdicts
    assert "not comparable" not in verdicts
    assert "one session on a side; `parabench run --rev A --rev B` would decide" in verdicts
    part = twice.pytest("benchmarks", *QUICK, "--benchmark-compare", "-k", "sequential").stdout.str()
    assert "not comparable" not in part, "what was not asked for is not missed"
    assert "Did it change" not in twice.pytest("benchmarks", *QUICK).stdout.str()


def test_with_a_history_of_days_one_session_can_be_judged(one: Project) -> None:
    one.pytest("benchmarks", *QUICK)
    first = one.sessions()[0]
    content = json.loads(first.read_text())
    for number in range(2, 12):
        other = json.loads(json.dumps(content))
        seconds = 1.0 + number / 1000
        other["parabench"]["noisy"] = False
        other["datetime"] = f"2026-10-{number:02}T12:00:00+00:00"
        other["commit_info"]["id"] = "another"  # sessions of one commit are expected not to differ
        for benchmark in other["benchmarks"]:
            benchmark["extra_info"] |= {"passes": [], "seconds_per_round": seconds}
            benchmark["stats"] |= {"data": [seconds], "rounds": 1} | dict.fromkeys(
                ("min", "max", "mean", "median"), seconds
            )
        first.with_name(f"{number:04}_copy.json").write_text(json.dumps(other))
    told = one.pytest("benchmarks", *QUICK, "--benchmark-compare").stdout.str().split("Did it change")[1]
    assert "2 faster" in told, "no-op tasks that are said to have taken a second"
