"""Install what exists for the running interpreter, and say what does not and what is missing without it.

    python -m parabench.run.extras                                  the extras of an installed parabench
    python -m parabench.run.extras --editable . --tools test        of a checkout, and the tools of its tests

Wheels are not built for every interpreter: what there is none of is left out, and what needs it says so. Nothing is
compiled here, but what parabench itself needs, and psutil on PyPy, which has no wheels and wants a C compiler. PyYAML,
which `responses` and Dask need, is built from its source where it has no wheel: that needs no compiler.
"""

from __future__ import annotations

import argparse
import platform
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from parabench.errors import EnvironmentNotMade, ParabenchError
from parabench.errors.visible import for_terminal
from parabench.run.installer import Installer, find_installer, install

#: Extras that stand for others, that are for developers, or that are too large to install unasked.
LEFT_OUT = {
    "all",
    "browser",
    "dev",
    "docs",
    "lint",
    "numpy",
    "pictures",
    "ray",
    "remote",
    "remote-servers",
    "test",
    "tls",
}
#: Of these, what users may ask for.
ON_REQUEST = ("numpy", "ray", "remote", "tls")
#: What there is not without an extra that brings no model, and without a tool.
COSTS = {
    "github": "workloads that fetch, from GitHub, mocks or loopback, cannot run",
    "histogram": "there are no histograms of pytest-benchmark",
    "numpy": "the workload of numpy cannot run",
    "psutil": "memory, CPU time of children and the load of other programs are not known on every system",
    "ray": "there is no model ray",
    "remote": "results cannot be kept at a URL",
    "report": "there is no report.html, and what reads stored sessions takes longer",
    "run": "there is no 'parabench run --python'",
    "tls": "the workload of TLS handshakes cannot run",
    "hypothesis": "tests that make up their inputs are left out",
    "import-linter": "import contracts are not checked",
    "jsonschema": "the test of stored sessions against their schema is left out",
    "mypy": "types are not checked",
    "pygal": "the test of pytest-benchmark's histograms is left out",
    "pygaljs": "the test of pytest-benchmark's histograms is left out",
    "pytest-xdist": "tests run one after the other, which takes longer",
    "ruff": "style is not checked",
    "ruptures": "the search for change points is tested against every possible division, but not against ruptures",
    "tox": "there is no tox in this environment",
    "types-psutil": "types are not checked",
    "types-requests": "types are not checked",
}
#: Has no wheels for every interpreter, but its source is built without a compiler, too: it leaves its C parts out.
PURE_FROM_SOURCE = ("pyyaml",)
#: A resolver that has found nothing by then tries version after version.
SECONDS_FOR_AN_EXTRA = 90.0
SECONDS_FOR_PARABENCH = 900.0
LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requirements of an extra (or a tool) that are for this interpreter, and whether some are not."""

    requirements: tuple[str, ...]
    #: What its markers keep from this interpreter.
    excluded: tuple[str, ...] = ()


def extras(names: set[str] | None = None) -> dict[str, Wanted]:
    """What each extra asks for, by name: of these extras, else of all but those that are left out on purpose."""
    from packaging.requirements import Requirement

    wanted_by_extra: dict[str, Wanted] = {}
    for text in requires("parabench") or []:
        requirement = Requirement(text)
        for extra in _names_in(str(requirement.marker or "")):
            if extra not in names if names is not None else extra in LEFT_OUT:
                continue
            bare = f"{requirement.name}{_bracketed(requirement.extras)}{requirement.specifier}"
            old = wanted_by_extra.get(extra, Wanted(()))
            if requirement.marker is not None and requirement.marker.evaluate({"extra": extra}):
                wanted_by_extra[extra] = Wanted((*old.requirements, bare), old.excluded)
            else:
                wanted_by_extra[extra] = Wanted(old.requirements, (*old.excluded, requirement.name))
    return wanted_by_extra


def tools(groups: set[str]) -> dict[str, Wanted]:
    """The same of each tool that these extras of developers ask for, by the tool's name."""
    from packaging.requirements import Requirement

    wanted_by_name: dict[str, Wanted] = {}
    for wanted in extras(groups).values():
        wanted_by_name |= {Requirement(text).name: Wanted((text,)) for text in wanted.requirements}
        wanted_by_name |= {name: Wanted((), (name,)) for name in wanted.excluded}
    return wanted_by_name


def _names_in(marker: str) -> set[str]:
    parts = marker.replace("'", '"').split('extra == "')
    return {part.partition('"')[0] for part in parts[1:]}


def _bracketed(names: set[str]) -> str:
    return f"[{','.join(sorted(names))}]" if names else ""


def cost_of_lack(name: str) -> str:
    """What there is not without this extra or tool."""
    if name in COSTS:
        return COSTS[name]
    from parabench.models import find_models
    from parabench.models.contract import install_command

    lost = []
    for model in find_models().values():
        unavailable = model.availability()
        if unavailable is not None and unavailable.install == install_command(name):
            lost.append(model.name)
    return f"no {', '.join(sorted(lost))} among the models, nor their tests" if lost else "nothing that is known"


def not_asked_for() -> str | None:
    """One line about the extras on request that are not there, and what each costs; None when all are."""
    missing = [name for name, wanted in extras(set(ON_REQUEST)).items() if not all(map(_is_there, wanted.requirements))]
    if not missing:
        return None
    costs = "; ".join(f"{name}: without it {cost_of_lack(name)}" for name in sorted(missing))
    return f"left out unless asked for ({costs}); 'pip install \"parabench[NAME]\"' adds one"


def _is_there(requirement: str) -> bool:
    from packaging.requirements import Requirement

    try:
        version(Requirement(requirement).name)
    except PackageNotFoundError:
        return False
    return True


def install_all(wanted: Mapping[str, Wanted], installer: Installer, say: Callable[[str], None]) -> None:
    """Install all at once where that is quick to fail, else one by one; say what is left out, and what that costs."""
    compiled = {"psutil"} if platform.python_implementation() == "PyPy" else set()
    reasons = {
        name: f"{', '.join(each.excluded)} has no release for this interpreter"
        for name, each in wanted.items()
        if each.excluded
    }
    rest = {name: list(each.requirements) for name, each in wanted.items() if each.requirements}
    together = sorted({text for name, texts in rest.items() if name not in compiled for text in texts})
    # pip may try version after version for minutes before it says that there is no way; uv knows at once.
    if installer.name == "uv" and together and _install(installer, together, build=False) is None:
        rest = {name: texts for name, texts in rest.items() if name in compiled}
    for name, texts in rest.items():
        if problem := _install(installer, texts, build=name in compiled):
            reasons[name] = problem[0]
    for name, reason in sorted(reasons.items()):
        say(f"left out: {name}, for {reason}; without it {cost_of_lack(name)}")


def _install(installer: Installer, requirements: list[str], *, build: bool) -> list[str] | None:
    problem = install(installer, requirements, build=build, seconds_at_most=SECONDS_FOR_AN_EXTRA)
    for name in PURE_FROM_SOURCE:
        if problem and f" {name} " in problem[0]:
            built = ["--no-binary", name, *requirements]
            problem = install(installer, built, build=build, seconds_at_most=SECONDS_FOR_AN_EXTRA)
    return problem


def install_checkout(folder: str, installer: Installer) -> None:
    """Install parabench from its checkout. Raises EnvironmentNotMade."""
    problem = install(installer, ["--editable", folder], build=True, seconds_at_most=SECONDS_FOR_PARABENCH)
    if problem:
        raise EnvironmentNotMade(_interpreter(), f"{installer.name} install -e {folder}", problem[-LINES_SHOWN:])


def _interpreter() -> str:
    free_threaded = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{platform.python_implementation()} {platform.python_version()}{free_threaded}"


def main() -> None:
    """Install what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--editable", metavar="FOLDER", help="install parabench from this checkout first")
    parser.add_argument(
        "--tools",
        metavar="GROUP",
        action="append",
        choices=["test", "lint", "browser", "docs", "remote-servers"],
        default=[],
    )
    given = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(f"{for_terminal(line)}\n")
        sys.stdout.flush()

    try:
        installer = find_installer(say)
        say(f"installing what exists for {_interpreter()} with {installer.name}")
        if given.editable:
            install_checkout(given.editable, installer)
        install_all(extras() | tools(set(given.tools)), installer, say)
        if notice := not_asked_for():
            say(notice)
    except ParabenchError as error:
        sys.exit(for_terminal(f"parabench: {error}"))


if __name__ == "__main__":
    main()
