"""What the shell offers behind <Tab>: names of models, workloads and sessions. Whatever goes wrong, it offers less."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of models, several separated by commas."""
    return _listed(_model_names, incomplete)


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of workloads, several separated by commas."""
    return _listed(_workload_names, incomplete)


def sessions(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What `parabench compare` takes for a session: numbers, tags, and the latest."""
    return _listed(_session_names, incomplete, separator=None)


def pytest_arguments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Options of a session, the names that two of them take, and files."""
    before = context.params.get("pytest_arguments") or ("",)
    by_option: dict[str, Callable[[], Iterable[str]]] = {"--models": _model_names, "--workloads": _workload_names}
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
    from parabench.cli._parameters import workloads_dir
    from parabench.session.discovery import find_workloads

    return find_workloads(workloads_dir())


def _session_names() -> Iterable[str]:
    from parabench.cli._parameters import project_folder
    from parabench.history.sessions import read_summaries

    stored = read_summaries(project_folder("parabench_results", "results")()).sessions
    tags = dict.fromkeys(f"tag:{tag}" for session in stored for tag in session.tags)
    return ["latest", *tags, *(str(session.number) for session in stored)]
