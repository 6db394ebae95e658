"""What the shell offers behind <Tab>: names of models, workloads and sessions. Whatever goes wrong, it offers less."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from parabench.history.summary import SessionSummary


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of models, several separated by commas."""
    return _listed(_model_names, incomplete)


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of workloads, several separated by commas."""
    return _listed(_workload_names, incomplete)


def sessions(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `parabench compare` takes for a session: numbers, tags, and the latest."""
    return _listed(_session_names, incomplete, separator=None)


def queue_models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of models with workers of their own."""
    return _listed(_queue_names, incomplete, separator=None)


def cells(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the cells of the sessions that were asked for, or of the latest."""
    return _listed(lambda: _cell_names(context.params), incomplete, separator=None)


def pytest_arguments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Options of a session, the names that two of them take, and files."""
    before = context.params.get("pytest_arguments") or ("",)
    by_option: dict[str, Callable[[], Iterable[str]]] = {
        "--models": _model_names,
        "--workloads": _workload_names,
        "--tag": _tag_names,
    }
    if before[-1] in by_option:
        return _listed(by_option[before[-1]], incomplete)
    return [CompletionItem(incomplete, type="file")]


def options(incomplete: str) -> list[CompletionItem]:
    """Options of a session."""
    from parabench.session.option_table import OPTIONS  # every verb imports this module, and few need these

    return [CompletionItem(entry.flag, help=entry.help) for entry in OPTIONS if entry.flag.startswith(incomplete)]


def _listed(names: Callable[[], Iterable[str]], incomplete: str, separator: str | None = ",") -> list[CompletionItem]:
    done, comma, begun = incomplete.rpartition(separator) if separator else ("", "", incomplete)
    with contextlib.suppress(Exception):  # a traceback would land in the user's prompt
        return [CompletionItem(f"{done}{comma}{name}") for name in names() if name.startswith(begun)]
    return []


def _model_names() -> Iterable[str]:
    from parabench.models import find_models

    return find_models()


def _workload_names() -> Iterable[str]:
    from parabench.cli._folders import workloads_dir
    from parabench.session.discovery import find_workloads

    return find_workloads(workloads_dir())


def _queue_names() -> Iterable[str]:
    from parabench.models import find_models

    return [name for name, model in find_models().items() if model.queue is not None]


def _stored(folder: Path | None = None) -> Sequence[SessionSummary]:
    from parabench.cli._folders import project_folder
    from parabench.history.sessions import read_summaries

    return read_summaries(folder or project_folder("parabench_results", "results")()).sessions


def _session_names() -> Iterable[str]:
    stored = _stored()
    tags = dict.fromkeys(f"tag:{tag}" for session in stored for tag in session.tags)
    return ["latest", *tags, *(str(session.number) for session in stored)]


def _tag_names() -> Iterable[str]:
    return dict.fromkeys(tag for session in _stored() for tag in session.tags)


def _cell_names(given: Mapping[str, Any]) -> Iterable[str]:
    from parabench.history.commits import commit_known
    from parabench.history.selection import select

    chosen = select(given.get("sessions") or "latest", _stored(given.get("results")), commit_known)
    return dict.fromkeys(key.text for session in chosen for key, _ in session.cells() if key.cell is not None)
