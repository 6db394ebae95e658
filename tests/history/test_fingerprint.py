import getpass
import json
import platform
from pathlib import Path

import pytest

from parabench.history.fingerprint import COMPARABLE, machine_id, machine_info, take_fingerprint, versions_of


def test_every_unknown_part_has_a_reason():
    fingerprint = take_fingerprint()
    assert {key for key, value in fingerprint.items() if value is None} == set(fingerprint["reasons"])


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("gil_enabled", False),
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
