import getpass
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from parabench.machine import fingerprint as fingerprints
from parabench.machine import readings as machine
from parabench.machine.fingerprint import COMPARABLE, machine_id, machine_info, take_fingerprint, versions_of
from parabench.models import find_models


def test_every_unknown_part_has_a_reason():
    fingerprint = take_fingerprint()
    assert {key for key, value in fingerprint.items() if value is None} == set(fingerprint["reasons"])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("gil_enabled", not take_fingerprint()["gil_enabled"]),
        ("jit_enabled", True),
        ("machine", "riscv64"),
        ("python_version", "3.99.1"),
        ("cpu", "another processor"),
        ("cores_usable", 4096),
        ("debug_build", True),
    ],
)
def test_builds_and_machines_that_differ_have_different_folders(part, value):
    fingerprint = take_fingerprint()
    assert part in COMPARABLE
    assert machine_id({**fingerprint, part: value}) != machine_id(fingerprint)


def test_free_threaded_and_jit_builds_are_told_apart_by_name():
    fingerprint = {**take_fingerprint(), "python_implementation": "CPython", "python_version": "3.14.0"}
    assert "-3.14.0-" in machine_id({**fingerprint, "gil_enabled": True, "jit_enabled": False})
    assert "-3.14.0t-" in machine_id({**fingerprint, "gil_enabled": False, "jit_enabled": False})
    assert "-3.14.0-jit-" in machine_id({**fingerprint, "gil_enabled": True, "jit_enabled": True})


def test_what_changes_between_sessions_of_one_machine_does_not_move_the_folder():
    fingerprint = take_fingerprint()
    assert machine_id({**fingerprint, "release": "another kernel"}) == machine_id(fingerprint)


def test_nothing_tells_who_or_where_the_user_is():
    text = json.dumps([take_fingerprint(), machine_info()])
    for private in (platform.node(), str(Path.home()), str(Path.cwd())):
        assert private not in text
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in text


def test_the_folder_name_is_safe_everywhere():
    assert set(machine_id({**take_fingerprint(), "system": "A b/c:d"})).isdisjoint(set(' /:\\*?"<>|'))


def test_versions_are_those_installed_and_none_where_missing():
    versions = versions_of(("pytest", "no-such-distribution"))
    assert versions["pytest"] == pytest.__version__
    assert versions["no-such-distribution"] is None


def test_what_explains_a_difference_does_not_move_the_folder():
    fingerprint = take_fingerprint()
    explaining = ("governor", "virtualised", "container", "libc", "cores_affinity", "cores_quota", "python_build_flags")
    assert set(explaining) <= fingerprint.keys()
    assert set(explaining).isdisjoint(COMPARABLE)
    assert machine_id({**fingerprint, **dict.fromkeys(explaining, "another")}) == machine_id(fingerprint)
    assert machine_id({key: fingerprint[key] for key in COMPARABLE}) == machine_id(fingerprint)


def test_a_part_that_cannot_be_read_is_unknown_with_its_reason(monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied", "/home/someone")

    readers = {**fingerprints.READERS, "governor": (refuse, "there is none"), "libc": (lambda: None, "it is silent")}
    monkeypatch.setattr(fingerprints, "READERS", readers)
    fingerprint = take_fingerprint()
    assert fingerprint["governor"] is fingerprint["libc"] is None
    assert fingerprint["reasons"]["governor"] == "it could not be read: PermissionError"
    assert fingerprint["reasons"]["libc"] == "it is silent"


def test_no_value_of_the_environment_gets_in():
    secret = "correct-horse-battery-staple"
    names = {"GITHUB_TOKEN", "USER", "LOGNAME", "HOME", "HOSTNAME", "CFLAGS", "OPT", "CONFIG_ARGS", "container"}
    ask = "import json, parabench.machine.fingerprint as f; print(json.dumps([f.take_fingerprint(), f.machine_info()]))"
    environment = {**os.environ, **dict.fromkeys(names, secret), "HOME": f"/home/{secret}"}
    told = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert "python_build_flags" in told.stdout
    assert secret not in told.stdout


@pytest.mark.parametrize(
    ("configured", "compiled", "flags"),
    [
        (None, None, None),
        ("", "", []),
        (
            (
                "'--prefix=/home/me/py' '--with-lto=full' '--enable-optimizations' 'LDFLAGS=-L/home/me' 'CFLAGS=-O1' "
                "'--with-openssl=/home/me' '--with-lto=/home/me' '--disable-gil' '--enable-experimental-jit=yes-off'"
            ),
            "-DNDEBUG -g -O2 -fdebug-prefix-map=/home/me=. -O3 -march=x86-64-v3 -I/home/me -march=/home/me",
            [
                *("--with-lto=full", "--enable-optimizations", "--disable-gil", "--enable-experimental-jit=yes-off"),
                *("-O3", "-march=x86-64-v3"),
            ],
        ),
        (None, "-Og -O0", ["-O0"]),
    ],
)
def test_build_flags_are_those_that_matter_and_no_paths(configured, compiled, flags):
    assert machine.python_build_flags(configured, compiled) == flags


@pytest.mark.parametrize(
    ("cpuinfo", "virtual"),
    [
        ("processor : 0\nflags\t\t: fpu sse hypervisor avx\n", True),
        ("processor : 0\nflags\t\t: fpu sse\nvmx flags : hypervisor\n", False),
        ("processor : 0\nFeatures : fp asimd\n", None),
    ],
)
def test_a_virtual_machine_shows_in_the_flags_of_its_processor(tmp_path, cpuinfo, virtual):
    file, kind = tmp_path / "cpuinfo", tmp_path / "type"
    file.write_text(cpuinfo)
    assert machine.virtualised(file, kind) is virtual
    assert machine.virtualised(tmp_path / "none", kind) is None
    kind.write_text("xen\n")
    assert machine.virtualised(file, kind) is True


def test_a_container_shows_at_its_root_or_in_the_group_of_its_first_process(tmp_path):
    assert machine.in_container(tmp_path) is None
    for process in ("self", "1"):
        (tmp_path / "proc" / process).mkdir(parents=True)
        (tmp_path / "proc" / process / "cgroup").write_text("0::/init.scope\n")
    assert machine.in_container(tmp_path) is False
    (tmp_path / "proc/1/cgroup").write_text("0::/kubepods/besteffort/pod1\n")
    assert machine.in_container(tmp_path) is True
    (tmp_path / "proc/1/cgroup").write_text("0::/init.scope\n")
    (tmp_path / ".dockerenv").touch()
    assert machine.in_container(tmp_path) is True


def test_models_tell_how_they_start_processes_and_which_loop_they_run():
    told = {name: model.capabilities for name, model in find_models().items()}
    ask = [sys.executable, "-c", "import multiprocessing; print(multiprocessing.get_start_method())"]
    default = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    assert {name: one.start_method for name, one in told.items() if one.worker == "process"} == {
        "process-per-task": default,
        "mp-pool": default,
        "process-pool-fork": "fork",
        "process-pool-forkserver": "forkserver",
        "process-pool-spawn": "spawn",
        "joblib-loky": "loky",
        "celery": "fork",
        "dask": "spawn",
        "dramatiq": "fork",
        "ray": "spawn",
        "rq": "fork",
    }
    assert {one.start_method for one in told.values() if one.worker != "process"} == {None}
    loops = {name: one.event_loop for name, one in told.items() if one.event_loop}
    to_thread = {"asyncio-to-thread": "asyncio", "anyio-to-thread": "asyncio"}
    standard = {"asyncio": "asyncio", "asyncio-task-group": "asyncio"}
    assert loops == {**standard, "asyncio-uvloop": "uvloop", "trio": "trio", **to_thread}
    find = "import multiprocessing as m; from parabench.models import find_models; find_models(); "
    asked = [sys.executable, "-c", find + "print(m.get_start_method(allow_none=True))"]
    chosen = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert chosen == "None", "finding models chooses nothing for the user"
