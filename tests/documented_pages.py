"""What README, CONTRIBUTING and docs/ show: command lines, also those that a pipeline runs, and programs in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: Programs that pages call, and builtins of a shell.
PROGRAMS = (
    *("parabench", "pytest", "make", "python", "pip", "uvx", "tox", "pytest-benchmark"),
    *("redis-server", "dask", "ray", "docker", "eval", "export", ".ci/run", ".ci/fresh_clones"),
)
COMMAND = re.compile(
    rf" *(?:\$ )?((?:[A-Z_]+=\S+ )*)({'|'.join(map(re.escape, sorted(PROGRAMS, key=len, reverse=True)))})(?: (.*)|)"
)
#: What stands before a command in YAML (the step of a workflow, a line of a script) and in a crontab (when it runs).
BEFORE = {"yaml": re.compile(r" *- (?:run: )?"), "crontab": re.compile(r"(?:[\d*/,-]+ +){5}")}
PYTHON = re.compile(r"^( *)```python\n(.*?)^ *```", flags=re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[str]:
    """What pages write behind a program: in lines that are indented, or fenced as a shell's or as nothing."""
    return sorted({rest for _, name, rest in _found() if name == program})


def command_lines() -> list[str]:
    """Every command line of the pages with its environment before it, without its comment and what is behind a pipe."""
    return sorted({f"{environment}{name} {rest}".strip() for environment, name, rest in _found()})


def programs() -> list[tuple[str, str]]:
    """Each program in Python, with the page that it is on."""
    return [
        (page.relative_to(ROOT).as_posix(), re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for page in PAGES
        for indent, text in PYTHON.findall(page.read_text(encoding="utf-8"))
    ]


def _found() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        for line in shown(page.read_text(encoding="utf-8")):
            if (match := COMMAND.fullmatch(line)) is not None:
                environment, name, rest = (part or "" for part in match.groups())
                yield environment, name, re.split(r"\s{2,}#|\s+#\s|\s+[|>&]|^[|>]", rest)[0].strip()


def shown(text: str) -> Iterator[str]:
    """The lines of a page that are not prose, and not of a program; of pipelines the commands, one a line."""
    language = None
    for line in text.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("```"):
            language = line.strip().removeprefix("```") if language is None else None
        elif language in ("", "sh", "bash", "console", "text") or (language is None and line.startswith("    ")):
            yield line
        elif language in BEFORE and (before := BEFORE[language].match(line)) is not None:
            yield from (part.removeprefix(".venv/bin/") for part in line[before.end() :].split(" && "))
