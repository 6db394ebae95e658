"""The shell completes options, and names of models, workloads and sessions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from parabench.cli import GROUPS, cli

SAMPLE = Path(__file__).parents[1] / "history" / "samples" / "parabench_2.json"
#: No other test imports a package of this name.
FOLDER = "completed_work"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nparabench_workloads_dir = completed_work\n")
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "mine.py").write_text("def mine(item):\n    return item\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == FOLDER]:
        monkeypatch.delitem(sys.modules, name)
    stored = json.loads(SAMPLE.read_text())
    stored["parabench"]["tags"] = ["before"]
    (tmp_path / "results" / "machine").mkdir(parents=True)
    (tmp_path / "results" / "machine" / "0001_stored.json").write_text(json.dumps(stored))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


def completed(*words: str) -> list[str]:
    *before, begun = words
    shell = ShellComplete(cli, {}, "parabench", "_PARABENCH_COMPLETE")
    return [item.value for item in shell.get_completions(before, begun)]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ben",), ["bench"]),
        (("bench", "--model"), ["--models"]),
        (("bench", "--models", "sequential,mp-"), ["sequential,mp-pool"]),
        (("bench", "--workloads", "m"), ["mine"]),
        (("list", "--workloads", "m"), ["mine"]),
        (("list", "--models", "trio"), ["trio"]),
        (("compare", "lat"), ["latest"]),
        (("compare", "1", "tag:"), ["tag:before"]),
        (("explain", "--sessions", "lat"), ["latest"]),
        (("explain", "double-t"), ["double-thread-pool"]),
        (("explain", "--sessions", "1", "double-s"), ["double-sequential"]),
        (("export", "--sessions", "tag:"), ["tag:before"]),
        (("export", "double-t"), ["double-thread-pool"]),
        (("history", "--sessions", "lat"), ["latest"]),
        (("history", "double-t"), ["double-thread-pool"]),
        (("scale", "m"), ["mine"]),
        (("scale", "--models", "sequential,mp-"), ["sequential,mp-pool"]),
        (("scale", "--stored", "tag:"), ["tag:before"]),
        (("worker", "celery-"), ["celery-threads"]),
        (("worker", "thread"), []),
        (("bench", "--tag", "b"), ["before"]),
        (("run", "--models", "trio"), ["trio"]),
        (("run", "--workloads", "m"), ["mine"]),
        (("run", "--tag", "b"), ["before"]),
        (("calibrate", "--models", "trio"), ["trio"]),
    ],
)
def test_what_has_been_begun_is_completed(words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(*words) == offered


def test_a_workload_that_cannot_be_imported_offers_nothing_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "odd.py").write_text("1 / 0\n")
    assert completed("bench", "--workloads", "m") == []


def test_the_help_has_every_verb_once_in_its_group() -> None:
    _, _, said = CliRunner().invoke(cli, ["--help"]).output.partition("Measure:")
    verbs = cli.list_commands(click.Context(cli))
    for name in verbs:
        assert said.count(f"\n  {name} ") == 1, name
    for title, names in GROUPS.items():
        assert title == "Measure" or f"{title}:\n" in said
        assert set(names) <= set(verbs), f"{title} names a verb that there is not"
    assert "More:" not in said, "a verb belongs to no group"


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib.metadata import version

    assert CliRunner().invoke(cli, ["--version"]).output.strip().endswith(version("parabench"))
