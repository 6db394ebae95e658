"""Every kind of forbidden import is planted into a copy of the source, and `lint-imports` has to see it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = "imports run one way, from plugin and command line down to the words"
WORKERS = "what workers import needs the standard library and each other only"
LATE = "models and queues import their libraries inside functions only"
SIBLINGS = "models know their contract and their own library, never a sibling"
WORDS = "the work knows of the harness no more than the words"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None, reason="import-linter is not installed on this interpreter"
)


class Plant(NamedTuple):
    """One line in one file, and the contract that forbids it."""

    file: str
    line: str
    contract: str


PLANTS = (
    Plant("parabench/session/session.py", "import pytest", "only the plugin knows pytest"),
    Plant("parabench/cli/list.py", "import pytest_benchmark.session", "only the plugin knows pytest"),
    Plant("parabench/measure/cell.py", "from _pytest.config import Config", "only the plugin knows pytest"),
    Plant("parabench/models/sequential.py", "import parabench.history.store", LAYERS),
    Plant("parabench/history/store.py", "import parabench.session.session", LAYERS),
    Plant("parabench/history/store.py", "import parabench.compare.comparison", LAYERS),
    Plant("parabench/machine/cores.py", "import parabench.measure.cell", LAYERS),
    Plant("parabench/compare/comparison.py", "import parabench.report.comparison_table", LAYERS),
    Plant("parabench/session/session.py", "def late():\n    import parabench.run.runner", LAYERS),
    Plant("parabench/cli/run.py", "import parabench.plugin.reporting", LAYERS),
    Plant("parabench/plugin/reporting.py", "import parabench.cli.run", LAYERS),
    Plant("parabench/queues/client.py", "import parabench.models.sequential", LAYERS),
    Plant("parabench/workers/pools.py", "import parabench.queues.client", LAYERS),
    Plant("parabench/analyse/race.py", "import parabench.history.store", LAYERS),
    Plant("parabench/analyse/race.py", "import parabench.machine.cores", LAYERS),
    Plant("parabench/errors/cells.py", "import parabench.records", LAYERS),
    Plant("parabench/records.py", "import parabench.task", LAYERS),
    Plant("parabench/measure/cell.py", "import parabench.queues.client", "what measures a cell knows nothing of queues"),
    Plant("parabench/models/dask_cluster.py", "import dask", LATE),
    Plant("parabench/models/thread_pool.py", "def late():\n    import psutil", LATE),
    Plant("parabench/queues/client.py", "import redis", LATE),
    Plant("parabench/models/mp_pool.py", "import parabench.models.sequential", SIBLINGS),
    Plant("parabench/task.py", "import psutil", WORKERS),
    Plant("parabench/workers/pools.py", "def late():\n    import psutil", WORKERS),
    Plant("parabench/models/contract.py", "import numpy", WORKERS),
    Plant("parabench/queues/serving.py", "import redis", WORKERS),
    Plant("parabench/workload.py", "import parabench.machine.cores", WORKERS),
    Plant("parabench/analyse/race.py", "import rich", "only the report knows rich"),
    Plant("parabench/analyse/race.py", "import numpy", "analyse is a pure leaf: numbers in, records out"),
    Plant("parabench/report/terminal.py", "import click", "only the command line knows click"),
    Plant("parabench/report/terminal.py", "import psutil", "psutil is for what looks at the machine"),
    Plant("parabench/cli/run.py", "import parabench.cli.list", "verbs share through their stage, never by importing another verb"),
    Plant("parabench/session/discovery.py", "import workloads.mixed", "the harness never imports the work"),
    Plant("workloads/mixed.py", "import parabench.measure.cell", WORDS),
)  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("copy")
    for folder in ("parabench", "workloads"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "import_contracts.py"):
        shutil.copy(ROOT / file, made)
    return made


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[Plant]:
    plant: Plant = request.param
    path = copy / plant.file
    source = path.read_text()
    path.write_text(f"{source}\n{plant.line}\n")
    yield plant
    path.write_text(source)


def lint(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-logo"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)


def test_a_copy_without_plants_keeps_every_contract(copy):
    status, output = lint(copy)
    assert status == 0, output
    declared = [contract["name"] for contract in pyproject()["contracts"]]
    assert re.findall(r"^(.+) KEPT", output, flags=re.MULTILINE) == declared


@pytest.mark.parametrize("planted", PLANTS, indirect=True, ids=lambda plant: f"{plant.file}: {plant.line.split()[-1]}")
def test_a_forbidden_import_is_seen(copy, planted):
    status, output = lint(copy)
    assert status == 1, output
    assert f"{planted.contract} BROKEN" in output
    module = planted.file.removesuffix(".py").replace("/", ".")
    details = output[output.index("Broken contracts") :]
    assert module in details, "the file that imports what it must not is named"


def test_every_contract_has_a_plant():
    assert {plant.contract for plant in PLANTS} == {contract["name"] for contract in pyproject()["contracts"]}


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
