"""`parabench list`: workloads and models, ready or not, why not, and what would change it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from parabench.cli import _completion
from parabench.cli._folders import workloads_dir
from parabench.cli._output import echo, show
from parabench.cli._parameters import OneOf
from parabench.machine.cores import cores_usable
from parabench.models import find_models
from parabench.models.contract import Model
from parabench.records import Unavailable
from parabench.report.listing import listing
from parabench.session.contestants import default_workers
from parabench.session.discovery import find_workloads
from parabench.session.plan import choose
from parabench.workers.services import OWN_SERVICES
from parabench.workload import Workload


@click.command("list", epilog="Example: parabench list --models 'process-*'")
@click.option(
    "--models",
    default="",
    metavar="NAMES",
    shell_complete=_completion.models,
    help="Only these models: names or patterns, separated by commas.",
)
@click.option(
    "--workloads",
    default="",
    metavar="NAMES",
    shell_complete=_completion.workloads,
    help="Only these workloads: names or patterns.",
)
@click.option(
    "--workloads-dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the workload files. Default: the project's; without any, those of parabench.",
)
@click.option("--format", "form", type=OneOf(["table", "json"]), default="table", show_default=True)
def list_command(models: str, workloads: str, folder: Path | None, form: str) -> None:
    """Show workloads and models, ready or not, why not, and the command that installs what is missing.

    Exit status: 0, 2 usage.
    """
    chosen_models = choose("model", _names(models), find_models())
    chosen_workloads = choose("workload", _names(workloads), find_workloads((folder or workloads_dir()).resolve()))
    rows: dict[str, list[dict[str, Any]]] = {"workloads": [], "models": []}
    for workload in chosen_workloads.values():
        rows["workloads"].append(
            {
                "name": workload.name,
                "kind": workload.kind,
                "tasks_small": len(workload.items("small")),
                "workers": default_workers(workload, cores_usable()),
                "ready": workload.kind != "live",
                "reason": _why_not_by_default(workload),
                "description": workload.description,
            }
        )
    for model in chosen_models.values():
        missing = model.availability()
        rows["models"].append(
            {
                "name": model.name,
                "family": model.family,
                "ready": missing is None,
                "reason": _reason(model, missing),
                "install": missing.install if missing else None,
                "description": model.description,
            }
        )
    if form == "json":
        echo(json.dumps(rows, indent=2))
    else:
        show(listing(rows))


def _why_not_by_default(workload: Workload) -> str | None:
    """Why a workload is not in a session that names none."""
    if workload.kind == "live":
        return "asks the real GitHub API: add --live"
    return f"another one of its sort is: add --workloads {workload.name}" if workload.on_request else None


def _reason(model: Model, missing: Unavailable | None) -> str | None:
    """Why a model does not run, or not by default."""
    if missing is not None:
        return missing.reason
    if (unserved := model.unserved(OWN_SERVICES)) is not None:
        return f"{unserved.reason}: {unserved.install}"
    if model.on_request:
        return f"not by default, because it starts servers: add --models {model.name}"
    return f"not by default, because another form of it is: add --models {model.name}" if model.variant else None


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
