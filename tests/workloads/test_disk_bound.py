"""Files are written and read back, nothing stays, and the disk is described truthfully."""

import errno
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from parabench.task import TaskCall, leave_process, reference_to
from parabench.workload import LimitCase, ServiceOptions
from workloads import disk_bound as disk


def options(directory: Path) -> ServiceOptions:
    return ServiceOptions(
        seed=1, latency_seconds=0.05, scratch_directory=directory, github_url="https://api.github.com", size="small"
    )


@pytest.mark.parametrize("length", [0, 1, 65_536, 1_048_576, 1_048_577, 3_000_000])
def test_what_is_read_is_what_was_to_be_written(tmp_path, length):
    item = {"seed": 5, "bytes": length}
    result = disk.write_read_file(item, str(tmp_path))
    assert result["bytes"] == length
    assert disk.write_read_files_check(item, result)
    assert not disk.write_read_files_check(item, result | {"bytes": length + 1})
    assert not disk.write_read_files_check(item, result | {"blake2b": "0" * 32})
    assert not disk.write_read_files_check(item | {"seed": 6}, result) or length == 0
    assert list(tmp_path.iterdir()) == []


def test_short_writes_are_finished(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:70_001]))
    item = {"seed": 5, "bytes": 2_500_000}
    assert disk.write_read_files_check(item, disk.write_read_file(item, str(tmp_path)))


def test_workers_with_equal_items_do_not_share_a_file(tmp_path):
    item = {"seed": 1, "bytes": 1_048_576}
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(partial(disk.write_read_file, directory=str(tmp_path)), [item] * 32))
    assert all(disk.write_read_files_check(item, result) for result in results)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_with_its_service_leaves_nothing(tmp_path):
    items = disk.write_read_files_items("small")
    with disk.service(options(tmp_path)) as settings:
        assert json.loads(json.dumps(settings)) == settings
        call = TaskCall(
            task=reference_to(disk.write_read_file),
            context=reference_to(disk.directory_of),
            settings=json.dumps(settings),
        )
        outcomes = [call(item) for item in items]
        leave_process()
        left = Path(settings["directory"]) / "parabench-of-a-killed-worker"
        left.touch()
        disk.write_read_files_before(items, settings)
        assert not left.exists()
        left.touch()
    assert [outcome.failure for outcome in outcomes] == [None] * len(items)
    assert all(disk.write_read_files_check(item, o.value) for item, o in zip(items, outcomes, strict=True))
    assert list(tmp_path.iterdir()) == []


def test_the_policy_is_in_the_settings(tmp_path):
    with disk.service(options(tmp_path)) as settings:
        assert settings["fsync"] == "file"
        assert settings["read_from"] in {"device", "memory", "page cache", None}
        assert settings["read_from"] in {"device", "memory"} or settings["read_from_reason"]


def test_a_full_disk_does_not_stop_the_service(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "_write", no_space)
    with disk.service(options(tmp_path)) as settings:
        assert settings["read_from"] in {None, "memory"}
        assert settings["read_from"] == "memory" or "No space left on device" in settings["read_from_reason"]


def test_a_kernel_that_keeps_the_file_cached_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "preadv", lambda descriptor, buffers, offset, flags: 65_536)
    assert disk._reading(tmp_path) == {
        "read_from": "page cache",
        "read_from_reason": "asked to drop a file from its page cache, the kernel kept it (65536 bytes at once)",
    }


def test_a_system_without_the_call_reads_from_the_page_cache(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    assert disk._reading(tmp_path)["read_from"] == "page cache"
    item = {"seed": 1, "bytes": 5_000}
    assert disk.write_read_files_check(item, disk.write_read_file(item, str(tmp_path)))


def test_tmpfs_is_recognised():
    kind, why_not = disk.filesystem(Path("/dev/shm"))
    if kind is None:
        pytest.skip(f"no /dev/shm: {why_not}")
    assert (kind, why_not) == ("tmpfs", None)


def test_the_file_system_is_the_one_that_stat_names(tmp_path):
    done = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no GNU stat to compare with")
    kind, _ = disk.filesystem(tmp_path)
    # stat cannot tell ext2, ext3 and ext4 apart.
    assert kind is not None
    assert kind.startswith("ext") if done.stdout.startswith("ext") else kind in done.stdout


def mountinfo(path: Path, *mounts: tuple[str, str]) -> Path:
    lines = [f"{n} 1 0:{n} / {point} rw shared:1 - {kind} none rw\n" for n, (point, kind) in enumerate(mounts)]
    path.write_text("".join(lines))
    return path


def test_the_longest_mount_point_wins_and_the_later_of_two(tmp_path):
    mounts = mountinfo(
        tmp_path / "mountinfo", ("/", "ext4"), ("/nowhere/data", "xfs"), ("/nowhere/data", "tmpfs"), ("/nowhere", "zfs")
    )
    assert disk.filesystem(Path("/nowhere/data/x"), mounts) == ("tmpfs", None)
    assert disk.filesystem(Path("/nowhere/data"), mounts) == ("tmpfs", None)
    assert disk.filesystem(Path("/nowhere/database"), mounts) == ("zfs", None)
    assert disk.filesystem(Path("/elsewhere"), mounts) == ("ext4", None)


def test_escaped_mount_points_are_understood(tmp_path):
    mounts = mountinfo(tmp_path / "mountinfo", ("/", "ext4"), (r"/no\040where\134040", "btrfs"))
    assert disk.filesystem(Path(r"/no where\040/x"), mounts) == ("btrfs", None)


def test_an_unknown_file_system_is_none_with_a_reason(tmp_path):
    mounts = mountinfo(tmp_path / "mountinfo", ("/nowhere", "ext4"))
    assert disk.filesystem(Path("/elsewhere"), mounts) == (None, "no mount holds /elsewhere")


def test_without_mountinfo_psutil_is_asked(tmp_path):
    pytest.importorskip("psutil")
    assert disk.filesystem(tmp_path, tmp_path / "missing") == disk.filesystem(tmp_path)


def test_an_unknown_file_system_is_recorded_as_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "filesystem", lambda directory: (None, "no mount holds it"))
    with disk.service(options(tmp_path)) as settings:
        assert settings["filesystem"] is None
        assert settings["on_tmpfs"] is None
        assert settings["filesystem_reason"] == "no mount holds it"


def test_a_full_disk_is_a_clear_failed_task(tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(full)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"cannot mount a small tmpfs: {error}")
    if done.returncode:
        pytest.skip(f"cannot mount a small tmpfs: {done.stderr.strip()}")
    try:
        outcome = task_in(full)({"seed": 1, "bytes": 1_048_576})
        assert list(full.iterdir()) == []
    finally:
        leave_process()
        subprocess.run(["umount", str(full)], check=True)
    assert_says_full(outcome, full)


def test_a_full_disk_is_a_clear_failed_task_without_mounting_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", no_space)
    outcome = task_in(tmp_path)({"seed": 1, "bytes": 1_048_576})
    leave_process()
    assert_says_full(outcome, tmp_path)
    assert list(tmp_path.iterdir()) == []


def no_space(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def task_in(directory: Path) -> TaskCall:
    return TaskCall(
        task=reference_to(disk.write_read_file),
        context=reference_to(disk.directory_of),
        settings=json.dumps({"directory": str(directory)}),
    )


def assert_says_full(outcome, directory):
    assert outcome.value is None
    assert outcome.failure.type == "OSError"
    assert outcome.failure.message == (
        f"[Errno 28] No space left on device: a file of 1048576 bytes in {directory}; "
        "free some space there, or choose a smaller size or fewer workers"
    )


def test_a_directory_that_is_gone_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a file of 5 bytes in .*/gone$"):
        disk.write_read_file({"seed": 1, "bytes": 5}, str(tmp_path / "gone"))


def test_the_limit_is_unknown_with_a_reason():
    case = LimitCase(items=[], settings={}, workers=1, cores_usable=1, seconds_sequential=1.0)
    assert disk.WRITE_READ_FILES.limit(case).seconds is None
    assert disk.WRITE_READ_FILES.limit(case).reason == "the device's own speed is not known"
