"""A name that there is not: what is close to it is told, and ten known names at most."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from user_project import flat

from parabench.advise.target import target_of
from parabench.errors import InvalidOption, NothingToExplain, NothingToMeasure, TargetUnusable
from parabench.session.option_checks import CHECKS

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("reprot",), "no verb matches 'reprot'; did you mean 'report'"),
        (("export", "--format", "jsno"), "did you mean 'json'?"),
        (
            ("compare", "1", "1", "--across", "sorce"),
            "is none of fingerprint, source, circumstances; did you mean 'sour",
        ),
        (("history", "--metric", "memroy"), "did you mean 'memory'?"),
        (("explain", "double-sequental"), "in 0001_stored.json; did you mean 'double-sequential'"),
    ],
)
def test_the_command_line_tells_what_is_close(tmp_path: Path, command: tuple[str, ...], said: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    folder = tmp_path / "results" / "machine"
    folder.mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "0001_stored.json")
    done = subprocess.run(
        [sys.executable, "-m", "parabench", *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert said in flat(done.stderr)


@pytest.mark.parametrize(
    ("option", "value", "said"), [("--size", "midium", "did you mean 'medium'"), ("--chunks", "1,atuo", "mean 'auto'")]
)
def test_options_of_a_session_tell_what_is_close(option: str, value: str, said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        CHECKS[option](option, value)


def test_a_function_that_is_not_there_is_told_with_ten_of_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    text = "".join(f"def work_{number:02}(item): ...\n" for number in range(12)) + "def resize(item): ...\n"
    (tmp_path / "jobs_with_near_names.py").write_text(text)
    with pytest.raises(TargetUnusable, match="has no 'resise'; did you mean 'resize'") as caught:
        target_of("jobs_with_near_names.py:resise", tmp_path)
    assert "functions there are: resize, work_00, " in str(caught.value)
    assert "work_08 and 3 more; workers" in str(caught.value)


def test_errors_list_ten_cells_and_workloads_at_most() -> None:
    names = [f"w{number:02}" for number in range(12)]
    assert str(NothingToExplain("0001.json", "odd", names)).endswith("w09 and 2 more")
    assert "w09 (cpu) and 2 more; the tests" in str(NothingToMeasure("here", dict.fromkeys(names, "cpu"), ["disk"]))
