"""Stored files feed what reads pytest-benchmark's: the fields that each service documents, in a real session's file."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from user_project import QUICK, Project

#: What github-action-benchmark declares of `tool: pytest` and computes with (`src/extract.ts`).
GITHUB_ACTION_BENCHMARK = {
    "required": ["machine_info", "commit_info", "benchmarks", "datetime", "version"],
    "properties": {
        "machine_info": {
            "required": ["processor", "machine", "python_implementation", "python_version", "release", "system", "cpu"]
        },
        "commit_info": {"required": ["id", "time", "dirty", "branch"]},
        "datetime": {"type": "string"},
        "version": {"type": "string"},
        "benchmarks": {
            "minItems": 1,
            "items": {
                "required": ["group", "name", "fullname", "params", "param", "extra_info", "options", "stats"],
                "properties": {
                    "fullname": {"type": "string", "minLength": 1},
                    "extra_info": {"type": "object"},
                    "stats": {
                        "required": ["ops", "mean", "stddev", "rounds", "median", "min", "max", "data", "iterations"],
                        "properties": {
                            "ops": {"type": "number", "exclusiveMinimum": 0},
                            "mean": {"type": "number", "exclusiveMinimum": 0},
                            "stddev": {"type": "number", "minimum": 0},
                            "rounds": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}
#: What Bencher's adapter `python_pytest` reads, whichever average it is told to take, and how long its names may be
#: (`lib/bencher_adapter/src/adapters/python/pytest.rs` and `lib/bencher_valid/src/benchmark_name.rs` of its sources).
BENCHER = {
    "required": ["machine_info", "commit_info", "benchmarks"],
    "properties": {
        "benchmarks": {
            "items": {
                "required": ["fullname", "stats"],
                "properties": {
                    "fullname": {"type": "string", "minLength": 1, "maxLength": 1024},
                    "stats": {
                        "required": ["mean", "stddev", "median", "iqr"],
                        "properties": {key: {"type": "number"} for key in ("mean", "stddev", "median", "iqr")},
                    },
                },
            }
        }
    },
}


@pytest.fixture
def session(project: Project) -> tuple[Project, dict[str, Any]]:
    """One stored session, as a strict JSON parser reads it."""
    project.workload("mine", "def mine(item):\n    return item * 2\n")
    project.experiment()
    project.pytest("benchmarks", *QUICK).assert_outcomes(passed=2)
    return project, project.stored()


def test_services_that_read_pytest_benchmarks_files_find_their_fields(session: tuple[Project, dict[str, Any]]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    project, stored = session
    for schema in (GITHUB_ACTION_BENCHMARK, BENCHER):
        jsonschema.validate(stored, schema)
    for benchmark in stored["benchmarks"]:
        stats = benchmark["stats"]
        assert math.isclose(stats["ops"] * stats["mean"], 1)
        assert stats["rounds"] == len(stats["data"])
    # Looked for, not imported: pygal brings the backport of importlib.metadata, which takes the standard library's own
    # finder away, and pytester takes the backport's away at the end of a test: no distribution is found any more then.
    if not all(map(importlib.util.find_spec, ("pygal", "pygaljs"))):
        pytest.skip("pygal or pygaljs is not installed")
    command = [str(Path(sys.executable).parent / "pytest-benchmark"), "--storage", "file://./results"]
    asked = subprocess.run(
        [*command, "compare", "--histogram", "told/speed"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    pictures = [path.read_text() for path in (project.root / "told").glob("speed*.svg")]
    assert pictures
    assert any("mine-thread-pool" in json.dumps(picture) for picture in pictures)
