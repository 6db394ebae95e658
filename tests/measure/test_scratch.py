import os
import subprocess
import sys

from parabench.measure.scratch import name_of_scratch, sweep


def test_folders_of_sessions_that_were_killed_with_their_zygote_are_swept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    own = tmp_path / name_of_scratch()
    left = tmp_path / name_of_scratch().replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    in_another_pid_namespace = tmp_path / f"parabench-{dead.pid}-f0f0f0f0-{left.name[-8:]}"
    others = [
        in_another_pid_namespace,
        tmp_path / "parabench-unsaved-1.json",
        tmp_path / "parabench-trees-abc",
        tmp_path / "else",
    ]
    for folder in (left, own, *others):
        folder.mkdir()
    (left / "file").touch()
    sweep(tmp_path)
    assert not left.exists()
    assert all(folder.exists() for folder in (own, *others))
