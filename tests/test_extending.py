"""The walks of docs/extending.md are followed to the letter, in a copy of the source."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extending.md").read_text()
#: File -> its text, for every block of code that begins with the name of its file.
BLOCKS = dict(re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("parabench", "workloads", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "pytest.ini", "conftest.py", "import_contracts.py"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def add(copy: Path, name: str) -> None:
    """Write one file that was not there before: nothing else is edited."""
    assert not (copy / name).exists()
    (copy / name).write_text(BLOCKS[name])


def run(copy: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def parabench(copy: Path, *arguments: str) -> str:
    return run(copy, "-c", "from parabench.cli import main; main()", *arguments)


def pytest_of_the_walk(copy: Path, line: str) -> str:
    """Run a line of the page with one pass of one round."""
    assert f"    {line}\n" in PAGE
    quick = ("--passes", "1", "--rounds", "1", "--on-busy", "allow", "-p", "no:cacheprovider")
    return run(copy, "-m", *line.split(), *quick)


def stored_cells(copy: Path) -> set[str]:
    (file,) = copy.glob("results/*/*.json")
    return {benchmark["extra_info"]["model"] for benchmark in json.loads(file.read_text())["benchmarks"]}


def test_the_page_has_a_walk_for_each():
    assert list(BLOCKS) == ["workloads/letters.py", "parabench/models/thread_halves.py", "parabench/cli/machines.py"]


def test_a_workload_and_a_model_are_one_file_each(copy):
    add(copy, "workloads/letters.py")
    workloads = json.loads(parabench(copy, "list", "--format", "json"))["workloads"]
    assert [row["description"] for row in workloads if row["name"] == "count-letters"] == [
        "Count letters in a text that gets longer."
    ]
    add(copy, "parabench/models/thread_halves.py")
    output = pytest_of_the_walk(copy, "pytest benchmarks --workloads count-letters --models sequential,thread-halves")
    assert "2 passed" in output
    assert stored_cells(copy) == {"sequential", "thread-halves"}


def test_a_workload_runs_under_every_model_as_the_page_says(copy):
    add(copy, "workloads/letters.py")
    line = "pytest benchmarks --workloads count-letters"
    assert f"    {line}\n" in PAGE
    listed = run(copy, "-m", *line.split(), "--collect-only", "-q", "-p", "no:cacheprovider")
    assert "benchmarks/test_cpu_bound.py::test_cpu_bound[count-letters-sequential]" in listed
    assert "benchmarks/test_cpu_bound.py::test_cpu_bound[count-letters-thread-pool]" in listed


def test_a_verb_is_one_file(copy):
    add(copy, "parabench/cli/machines.py")
    assert "    parabench machines\n" in PAGE
    (copy / "results/here").mkdir(parents=True)
    sample = ROOT / "tests/history/samples/parabench_1.json"
    shutil.copy(sample, copy / "results/here/0001_sample.json")
    assert "machines " in parabench(copy, "--help")
    assert parabench(copy, "machines").split() == [json.loads(sample.read_text())["parabench"]["machine_id"]]
    assert "List the machines that have stored sessions." in parabench(copy, "machines", "--help")


def test_a_stored_figure_is_two_files_and_the_schema(copy):
    edits = {
        "parabench/records/__init__.py": (
            "    joules_reason: str",
            "    fans: float | None = field(default=None, metadata=amount())\n    joules_reason: str",
        ),
        "parabench/measure/cell_server.py": ("joules_reason=energy.reason)", "joules_reason=energy.reason, fans=3.0)"),
        "parabench/history/results.schema.json": (
            '"joules_reason": {',
            '"fans": {"type": ["number", "null"], "minimum": 0, "description": "fans"}, "joules_reason": {',
        ),
    }
    for name, (before, after) in edits.items():
        source = (copy / name).read_text()
        assert source.count(before) == 1
        (copy / name).write_text(source.replace(before, after))
    quick = ("--workloads", "no-op", "--models", "sequential", "--passes", "2", "--on-busy", "allow")
    run(copy, "-m", "pytest", "benchmarks", *quick, "-p", "no:cacheprovider")
    (file,) = copy.glob("results/*/*.json")
    (stored,) = json.loads(file.read_text())["benchmarks"]
    assert stored["extra_info"]["fans"] == 3.0
    read = "from pathlib import Path; from parabench.history.reader import read_session; import sys; "
    read += "print(read_session(Path(sys.argv[1])).benchmarks[0].figures['fans'])"
    assert run(copy, "-c", read, str(file)) == "3.0\n"


@pytest.mark.parametrize("name", BLOCKS)
def test_what_the_page_adds_passes_what_the_gate_asks(copy, name):
    for tool in ("ruff", "importlinter"):
        pytest.importorskip(tool, reason=f"{tool} is not installed on this interpreter")
    add(copy, name)
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert " 0 broken" in run(copy, "-c", lint, "--no-logo", "--no-cache")
    run(copy, "-m", "ruff", "check", "--no-cache", "--ignore", "D,ANN", name)
