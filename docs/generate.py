"""Write the pages that are made from the code, models.md, options.md, cli.md, platforms.md: python docs/generate.py.

What differs from build to build (whether threads run side by side) is said in words, so that every interpreter writes
the same pages.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from generate_cli import cli_page
from packaging.requirements import Requirement

from parabench.machine.abilities import EXPECTED
from parabench.models import find_models
from parabench.models.contract import Model, install_command
from parabench.session.option_table import OPTIONS, Entry

DOCS = Path(__file__).parent
COMMAND = "python docs/generate.py"
NOTE = f"<!-- Generated: change the records and run `{COMMAND}`. -->\n"
#: Families in the order of a reader's questions; those that are not named here follow.
FAMILIES = ("baseline", "threads", "asyncio", "greenlets", "interpreters", "processes", "queues", "clusters")
START_METHODS = ("fork", "forkserver", "spawn")
UNITS = {"SECONDS": "seconds", "W": "watts"}

MODELS_INTRODUCTION = """\
# Models

This page says of each concurrency model what it is, when to use it, what it costs or cannot do, and shows the shortest
program that uses it. Each program takes a function `work` and a list `items` from a file `my_work.py` beside it, does
four tasks at a time, and prints the value of each item, or why there is none, in their order. Where it says so, `work`
is a coroutine function.
`parabench list` shows which of the models can run here. Those that run *when named* start servers, so they have to be
asked for with `--models`. *Variants* differ in one point from a model that always runs: they run when they are named,
and with `--everything`. *Chunks* are what
`--chunks` may ask for: how many tasks a message holds.
"""
PLATFORMS_INTRODUCTION = """\
# Systems

This page says what works on which operating system. Everything is tested on Linux only. The columns of the other
systems follow from what the code calls and from Python's documentation; nobody has measured there. `parabench doctor`
says what your machine has. Where a system cannot do what you ask for, one sentence says what is missing.
"""
OPTIONS_INTRODUCTION = """\
# Options

This page lists the options of a session that come on top of those of pytest. `parabench bench` knows the short names.
`pytest` knows the long names, which no other plugin uses. It knows the short names as well if `pytest.ini` says
`parabench_short_options = true`, as in this repository. An option can also be set in `pytest.ini`, or below
`[tool.pytest.ini_options]` in `pyproject.toml`, under its ini name. Every value is checked before anything is measured.
"""


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; a bar within a cell does not end it."""
    lines = [[*headings], *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def in_families(models: Iterable[Model]) -> list[Model]:
    """Sorted by family, else in their own order."""
    places = {family: place for place, family in enumerate(FAMILIES)}
    return sorted(models, key=lambda model: places.get(model.family, len(places)))


def yes(fact: bool) -> str:  # noqa: FBT001 - a cell of the table
    """A fact in a table."""
    return "yes" if fact else "no"


def capabilities(model: Model) -> list[str]:
    """One row of the table of capabilities."""
    facts = model.capabilities
    return [
        f"[`{model.name}`](#{model.name})",
        facts.worker,
        yes(facts.shares_memory),
        yes(facts.pickles),
        "without a GIL" if facts.worker == "thread" else yes(facts.parallel_bytecode),
        facts.async_library or "no",
        yes(facts.needs_service),
        ", ".join(model.chunks),
        when_it_runs(model),
    ]


def when_it_runs(model: Model) -> str:
    """Which models run unasked; the default way to start processes is another one on other interpreters."""
    start_method = model.capabilities.start_method
    if model.on_request:
        return "when named"
    if start_method in START_METHODS and model.name.endswith(f"-{start_method}"):
        return "always, or as a variant of the default way to start"
    return "as a variant" if model.variant else "always"


def extra_of(model: Model, extras: dict[str, list[str]]) -> str | None:
    """The extra that brings the model's libraries: the smallest that has the first of them."""
    having = [
        name for name, texts in extras.items() if {Requirement(text).name for text in texts} & set(model.libraries[:1])
    ]
    return min(having, key=lambda name: len(extras[name]), default=None)


def section(model: Model, extra: str | None) -> str:
    """What there is to say about one model."""
    parts = [f"## {model.name}\n", f"*{model.description}*\n"]
    if extra is not None:
        parts.append(f"**Install:** `{install_command(extra)}`\n")
    parts += [f"**When:** {model.when}\n", f"**Limits:** {model.limits}\n", f"```python\n{model.snippet}```\n"]
    return "\n".join(parts)


def models_page(models: Iterable[Model], extras: dict[str, list[str]]) -> str:
    """docs/models.md."""
    ordered = in_families(models)
    headings = ("model", "a worker is a", "shares memory", "pickles", "Python code in parallel", "awaits coroutines of")
    rows = table([*headings, "needs a server", "chunks", "runs"], map(capabilities, ordered))
    sections = (section(model, extra_of(model, extras)) for model in ordered)
    return "\n".join([NOTE, MODELS_INTRODUCTION, rows, *sections])


def option(entry: Entry) -> list[str]:
    """One row of the table of options."""
    meaning, _, default = entry.help.partition("; default: ")
    value = f" {entry.metavar}" if entry.metavar else ""
    long, *short = [f"`{name}{value}`" for name in (entry.long_flag, entry.flag, entry.alias) if name]
    if entry.metavar is None:
        default = "off"
    elif entry.default:
        default = f"`{entry.default}`"
    unit = UNITS.get(entry.metavar or "", "")
    return [", ".join(short), long, f"`{entry.ini}`", meaning, default, unit]


def options_page(entries: Iterable[Entry]) -> str:
    """docs/options.md."""
    rows = table(("short name", "name everywhere", "ini name", "meaning", "default", "unit"), map(option, entries))
    return f"{NOTE}\n{OPTIONS_INTRODUCTION}\n{rows}"


def platforms_page() -> str:
    """docs/platforms.md."""
    rows = table(
        ("what", "Linux", "macOS", "Windows", "what decides it"),
        ([one.what, one.linux, one.macos, one.windows, one.because] for one in EXPECTED),
    )
    return f"{NOTE}\n{PLATFORMS_INTRODUCTION}\n{rows}"


def pages() -> dict[Path, str]:
    """Each generated file with its text."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return {
        DOCS / "models.md": models_page(find_models().values(), extras),
        DOCS / "options.md": options_page(OPTIONS),
        DOCS / "cli.md": cli_page(NOTE, table),
        DOCS / "platforms.md": platforms_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
