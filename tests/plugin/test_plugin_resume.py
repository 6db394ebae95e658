"""A session that was killed, interrupted or stopped by a full disk goes on, or is stored as far as it came."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from user_project import Project, flat

from parabench.measure.lock import SessionLock, machine_lock

MODELS = "sequential,thread-pool,process-pool-fork"
SLOW = "import time\ndef mine(item):\n    time.sleep(0.01)\n    return item\n"


@pytest.fixture
def slow(project: Project) -> Project:
    """A workload of some tens of milliseconds and its experiment."""
    project.workload("mine", SLOW)
    project.experiment()
    return project


def journals(project: Project) -> list[Path]:
    return sorted(project.root.glob("results/*/.session-*.journal"))


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]


def stop_after(project: Project, visits: int, how: signal.Signals, *arguments: str) -> None:
    """Start a session and send it a signal once its journal holds that many visits."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "--models", MODELS, "--rounds", "1", *arguments]
    process = subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        found = [path for path in journals(project) if path.read_bytes().count(b'"visit"') >= visits]
        if found:
            process.send_signal(how)
            break
        time.sleep(0.005)
    process.wait()


def test_a_killed_session_is_found_and_finished(slow: Project) -> None:
    stop_after(slow, 4, signal.SIGKILL, "--passes", "4", "--seed", "7")
    (journal,) = journals(slow)
    measured = [line for line in lines_of(journal) if "visit" in line]
    assert slow.sessions() == []
    told = slow.pytest("benchmarks", "--models", "sequential", "--passes", "1", "--collect-only")
    assert "finish it with --resume, or store what it has with 'parabench recover'" in flat(told.stdout.str())
    finished = slow.pytest("benchmarks", "--resume")
    finished.assert_outcomes(passed=3)
    assert journals(slow) == []
    (stored,) = slow.sessions()
    session = json.loads(Path(stored).read_text())
    assert session["parabench"]["interrupted"] is False
    assert session["parabench"]["options"]["seed"] == 7
    by_cell = {benchmark["param"]: benchmark for benchmark in session["benchmarks"]}
    assert {len(benchmark["stats"]["data"]) for benchmark in by_cell.values()} == {4}
    for line in measured:
        visit = line["visit"]
        kept = by_cell[line["cell"]]["stats"]["data"][visit["pass_number"]]
        assert kept == visit["seconds_per_round"][0], "what was measured before the crash is in the file unchanged"


def test_an_interrupted_session_is_stored_and_still_can_go_on(slow: Project) -> None:
    stop_after(slow, 3, signal.SIGINT, "--passes", "3")
    (partial,) = slow.sessions()
    assert json.loads(Path(partial).read_text())["parabench"]["interrupted"] is True
    slow.pytest("benchmarks", "--resume").assert_outcomes(passed=3)
    (whole,) = slow.sessions()
    assert whole != partial, "the partial file is replaced by the one that holds all of it"
    assert json.loads(Path(whole).read_text())["parabench"]["interrupted"] is False
    assert journals(slow) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--seed", "8"), "these differ: options: seed"),
        (("--models", "sequential"), "options: models"),
        (("-k", "sequential"), "these differ: cells: mine-process-pool-fork, mine-thread-pool"),
    ],
)
def test_another_plan_is_refused_with_what_differs(slow: Project, change: tuple[str, ...], message: str) -> None:
    stop_after(slow, 2, signal.SIGKILL, "--passes", "3", "--seed", "7")
    refused = slow.pytest("benchmarks", "--resume", *change)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert message in flat(refused.stdout.str() + refused.stderr.str())
    assert len(journals(slow)) == 1


def test_changed_source_is_refused(slow: Project) -> None:
    stop_after(slow, 2, signal.SIGKILL, "--passes", "3")
    slow.workload("mine", SLOW + "# changed\n")
    refused = slow.pytest("benchmarks", "--resume")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "these differ: sources: mine" in flat(refused.stdout.str() + refused.stderr.str())


def test_another_fingerprint_is_refused_with_the_part_that_differs(slow: Project) -> None:
    stop_after(slow, 2, signal.SIGKILL, "--passes", "3")
    (journal,) = journals(slow)
    header, _, *rest = journal.read_text().splitlines()
    moved = json.loads(header)
    moved["fingerprint"]["cpu"] = "Another CPU"
    other = journal.parent.parent / "another-machine"
    other.mkdir()
    (other / journal.name).write_text("\n".join([json.dumps(moved), json.dumps(moved), *rest]) + "\n")
    journal.unlink()
    refused = slow.pytest("benchmarks", "--resume")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    said = flat(refused.stdout.str() + refused.stderr.str())
    assert "there is no unfinished session in" in said
    assert "'Another CPU' there" in said


def test_recover_stores_what_a_killed_session_had(slow: Project) -> None:
    stop_after(slow, 5, signal.SIGKILL, "--passes", "3")
    (journal,) = journals(slow)
    visits = [line for line in lines_of(journal) if "visit" in line]
    command = [str(Path(sys.executable).with_name("parabench")), "recover"]
    said = subprocess.run(command, cwd=slow.root, capture_output=True, text=True, check=True).stdout
    (stored,) = slow.sessions()
    assert f"are stored as {stored}" in said
    session = json.loads(Path(stored).read_text())
    assert session["parabench"]["interrupted"] is True
    assert sum(len(benchmark["stats"]["data"]) for benchmark in session["benchmarks"]) == len(visits)
    assert journals(slow) == []
    again = subprocess.run(command, cwd=slow.root, capture_output=True, text=True, check=True).stdout
    assert "no unfinished session in results" in again


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small file system needs root"
)
def test_a_full_disk_stops_the_session_and_keeps_what_is_on_it(slow: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(slow.root))  # what does not fit is kept elsewhere
    results = slow.root / "results"
    results.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(results)], check=False)
    if mounted.returncode:
        pytest.skip("this system does not let root mount a tmpfs")
    try:
        stopped = slow.pytest("benchmarks", "--models", MODELS, "--passes", "100", "--rounds", "1")
        said = flat(stopped.stdout.str() + stopped.stderr.str())
        assert stopped.ret != pytest.ExitCode.OK
        assert "No space left on device; measuring stops here, what is in it is kept" in said
        assert "INTERNALERROR" not in said
        (journal,) = journals(slow)
        assert sum("visit" in line for line in lines_of(journal)) >= 2
    finally:
        subprocess.run(["umount", str(results)], check=True)


def recover(project: Project, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("parabench")), "recover", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False, input=answer)


def test_recover_replaces_the_file_of_an_interrupted_session_that_lacks_a_visit(slow: Project) -> None:
    stop_after(slow, 3, signal.SIGINT, "--passes", "3")
    (partial,) = slow.sessions()
    (journal,) = journals(slow)
    *lines, stored = journal.read_bytes().splitlines(keepends=True)
    assert b'"stored"' in stored
    visits = sum(b'"visit"' in line for line in lines)
    visit = json.loads(next(line for line in lines if b'"visit"' in line))
    visit["visit"]["pass_number"] = 2  # Ctrl-C came when this one was in the journal and not yet in the file
    journal.write_bytes(b"".join([*lines, json.dumps(visit).encode(), b"\n", stored]))
    assert recover(slow).returncode == 0
    (whole,) = slow.sessions()
    assert whole != partial
    assert sum(len(benchmark["stats"]["data"]) for benchmark in slow.stored()["benchmarks"]) == visits + 1
    assert slow.stored()["parabench"]["interrupted"] is True
    assert journals(slow) == []


@pytest.mark.parametrize("damage", [b"", b'{"journal": 1, "star', b"\0" * 4096], ids=["empty", "cut", "zeros"])
def test_a_damaged_journal_is_a_warning_for_a_new_session_and_set_aside_by_recover(slow: Project, damage) -> None:
    slow.pytest("benchmarks", "--models", "sequential", "--passes", "1")
    (folder,) = (slow.root / "results").iterdir()
    path = folder / ".session-20200101-000000-000000.journal"
    path.write_bytes(damage)
    again = slow.pytest("benchmarks", "--models", "sequential", "--passes", "1")
    again.assert_outcomes(passed=1)
    assert "warning: there is a damaged journal" in again.stdout.str()
    assert "'parabench recover' stores what can be read of it" in flat(again.stdout.str())
    resumed = slow.pytest("benchmarks", "--resume")
    assert "there is no unfinished session" in flat(resumed.stderr.str() + resumed.stdout.str())
    said = recover(slow)
    assert "Traceback" not in said.stderr
    assert "dropped line 1: the header is missing" in said.stdout
    assert said.returncode == 0
    assert not path.exists()
    assert (folder / "session-20200101-000000-000000.journal.damaged").read_bytes() == damage


def test_recover_salvages_every_good_line_of_a_damaged_journal(slow: Project) -> None:
    stop_after(slow, 6, signal.SIGKILL, "--passes", "4")
    (journal,) = journals(slow)
    lines = journal.read_bytes().splitlines(keepends=True)
    visits = sum(b'"visit"' in line for line in lines)
    spoilt = next(n for n, line in enumerate(lines) if b'"visit"' in line)
    lines[0] = b"\0" * 100 + b"\n"  # the header stands twice
    lines[spoilt] = lines[spoilt].replace(b'"tasks": ', b'"tasks": "x')
    journal.write_bytes(b"".join(lines))
    said = recover(slow)
    assert said.returncode == 0, said.stderr
    assert "dropped line 1: " in said.stdout
    assert f"dropped line {spoilt + 1}: " in said.stdout
    (stored,) = slow.sessions()
    content = json.loads(Path(stored).read_text())
    assert content["parabench"]["interrupted"] is True
    assert sum(len(b["stats"]["data"]) for b in content["benchmarks"]) >= visits - 1
    assert journals(slow) == []


def test_what_was_measured_is_stored_without_the_source_that_was(slow: Project) -> None:
    stop_after(slow, 4, signal.SIGKILL, "--passes", "3")
    (slow.root / "workloads" / "mine.py").unlink()
    said = recover(slow)
    assert said.returncode == 0, said.stdout + said.stderr
    assert slow.stored()["parabench"]["interrupted"] is True
    assert all(cell["extra_info"]["source_hash"] for cell in slow.cells().values())


@pytest.mark.parametrize(("arguments", "answer", "left"), [((), "n\n", 1), ((), "y\n", 0), (("--yes",), "", 0)])
def test_an_unfinished_session_can_be_given_up(slow: Project, arguments, answer: str, left: int) -> None:
    stop_after(slow, 2, signal.SIGKILL, "--passes", "3")
    said = recover(slow, "--discard", *arguments, answer=answer)
    assert said.returncode == 0, said.stderr
    assert len(journals(slow)) == left
    assert slow.sessions() == []


@pytest.mark.slow
def test_two_that_wait_for_one_journal_do_not_cut_each_other_short(slow: Project, monkeypatch) -> None:
    """Both have found the journal while a third session measured; the second goes on with what the first has added."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio --on-busy wait")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")  # what a session says is read while it waits
    stop_after(slow, 2, signal.SIGKILL, "--passes", "12")
    (journal,) = journals(slow)
    before = journal.read_bytes().count(b'"visit"')
    third = SessionLock.acquire(machine_lock(), "refuse", lambda _: None)
    waiting = [slow.start("benchmarks", "--resume") for _ in range(2)]
    for process in waiting:
        assert process.stdout is not None
        assert any("waiting until" in line for line in process.stdout), "it has ended"
    third.release()
    while journal.read_bytes().count(b'"visit"') < before + 3:
        time.sleep(0.005)
    first, second = sorted(waiting, key=lambda process: not psutil.Process(process.pid).children())
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    made = [line for line in lines_of(journal) if "visit" in line]
    said, _ = second.communicate(timeout=120)
    assert slow.sessions(), said
    (stored,) = slow.sessions()
    data = {b["param"]: b["stats"]["data"] for b in json.loads(Path(stored).read_text())["benchmarks"]}
    for line in made:
        assert data[line["cell"]][line["visit"]["pass_number"]] == line["visit"]["seconds_per_round"][0], said
    assert {len(rounds) for rounds in data.values()} == {12}
