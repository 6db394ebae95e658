"""Every kind of forbidden import is planted into a copy of the source, and `lint-imports` has to see it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PYTEST = "only the plugin knows pytest, and what finds projects as pytest does"
LAYERS = "imports run one way, from plugin and command line down to the words"
WORKERS = "what workers import needs the standard library and each other only"
QUEUES = "what measures a cell knows nothing of queues"
VERBS = "verbs share through their stage, never by importing another verb"
LATE = "models, queues and clusters import their libraries inside functions only"
SIBLINGS = "models know their contract and their own library, never a sibling"
NAMES = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]
WORDS = "the work knows of the harness no more than the words"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None, reason="import-linter is not installed on this interpreter"
)


class Plant(NamedTuple):
    """An import in one file, and the contract that forbids it."""

    file: str
    code: str
    contract: str


PLANTS = (
    Plant("parabench/session/session.py", "import pytest", PYTEST),
    Plant("parabench/cli/list.py", "import pytest_benchmark.session", PYTEST),
    Plant("parabench/measure/cell.py", "import _pytest.config", PYTEST),
    Plant("parabench/models/sequential.py", "import parabench.history.store", LAYERS),
    Plant("parabench/history/store.py", "import parabench.session.session", LAYERS),
    Plant("parabench/history/store.py", "import parabench.compare.comparison", LAYERS),
    Plant("parabench/machine/cores.py", "import parabench.measure.cell", LAYERS),
    Plant("parabench/compare/comparison.py", "import parabench.report.comparison_table", LAYERS),
    Plant("parabench/compare/comparison.py", "import parabench.explain.explanation", LAYERS),
    Plant("parabench/explain/cause_rules.py", "import parabench.session.session", LAYERS),
    Plant("parabench/session/session.py", "def late():\n    import parabench.run.runner", LAYERS),
    Plant("parabench/cli/run.py", "import parabench.plugin.reporting", LAYERS),
    Plant("parabench/plugin/reporting.py", "import parabench.cli.run", LAYERS),
    Plant("parabench/queues/client.py", "import parabench.models.sequential", LAYERS),
    Plant("parabench/workers/pools.py", "import parabench.queues.client", LAYERS),
    Plant("parabench/clusters/ray_run.py", "import parabench.queues.client", LAYERS),
    Plant("parabench/analyse/race.py", "import parabench.history.store", LAYERS),
    Plant("parabench/analyse/race.py", "import parabench.machine.cores", LAYERS),
    Plant("parabench/errors/cells.py", "import parabench.records", LAYERS),
    Plant("parabench/records/__init__.py", "import parabench.task", LAYERS),
    Plant("parabench/measure/cell.py", "import parabench.queues.client", QUEUES),
    Plant("parabench/models/dask_cluster.py", "import dask", LATE),
    Plant("parabench/models/thread_pool.py", "def late():\n    import psutil", LATE),
    Plant("parabench/queues/client.py", "import redis", LATE),
    Plant("parabench/clusters/dask_run.py", "import distributed", LATE),
    Plant("parabench/models/mp_pool.py", "import parabench.models.sequential", SIBLINGS),
    Plant("parabench/task/__init__.py", "import psutil", WORKERS),
    Plant("parabench/workers/pools.py", "def late():\n    import psutil", WORKERS),
    Plant("parabench/models/contract.py", "import numpy", WORKERS),
    Plant("parabench/queues/serving.py", "import redis", WORKERS),
    Plant("parabench/workload.py", "import parabench.machine.cores", WORKERS),
    Plant("parabench/analyse/race.py", "import rich", "only the report knows rich"),
    Plant("parabench/report/terminal.py", "def late():\n    import jinja2", "only the page knows jinja2"),
    Plant("parabench/analyse/race.py", "import numpy", "analyse is a pure leaf: numbers in, records out"),
    Plant("parabench/report/terminal.py", "import click", "only the command line knows click"),
    Plant("parabench/report/terminal.py", "import psutil", "psutil is for what looks at the machine"),
    Plant("parabench/cli/run.py", "import parabench.cli.list", VERBS),
    Plant("parabench/session/discovery.py", "import workloads.mixed", "the harness never imports the work"),
    Plant("workloads/mixed.py", "import parabench.measure.cell", WORDS),
)


def copied(made: Path) -> Path:
    """What `lint-imports` reads, in a folder of its own."""
    for folder in ("parabench", "workloads"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "import_contracts.py"):
        shutil.copy(ROOT / file, made)
    return made


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each broken contract when everything is planted at once, by its name."""
    copy = copied(tmp_path_factory.mktemp("planted"))
    for plant in PLANTS:
        with (copy / plant.file).open("a") as file:
            file.write(f"\n\n{plant.code}\n")
    status, output = lint(copy)
    assert status == 1, output
    parts = re.split(r"^(.+)\n-+\n", output[output.index("Broken contracts") :], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def lint(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    wide = os.environ | {"COLUMNS": "400", "NO_COLOR": "1"}
    done = subprocess.run(
        [*command, "--no-logo", "--no-cache"], cwd=folder, env=wide, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_copy_without_plants_keeps_every_contract(tmp_path):
    copy = copied(tmp_path)
    status, output = lint(copy)
    assert status == 0, output
    assert re.findall(r"^(.+) KEPT", output, flags=re.MULTILINE) == NAMES


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.file}: {plant.code.split()[-1]}")
def test_a_forbidden_import_is_seen(broken, plant):
    module, imported = plant.file.removesuffix(".py").removesuffix("/__init__"), plant.code.split()[-1]
    module = module.replace("/", ".")
    if not imported.startswith(("parabench.", "workloads.")):
        imported = imported.split(".")[0]
    last = len((ROOT / plant.file).read_text().splitlines())
    seen = re.findall(rf"{re.escape(module)} -> {re.escape(imported)} \(l(?:ine |\.)(\d+)", broken[plant.contract])
    assert any(int(line) > last for line in seen), broken[plant.contract]


def test_every_contract_has_a_plant():
    assert {plant.contract for plant in PLANTS} == set(NAMES)
