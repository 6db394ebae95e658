"""What is installed, what is left out and what is said of it; nothing is installed here.

Rooms: run, plugin, cli.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import parabench.run.extras as verb
from parabench.errors import InstallerMissing
from parabench.run.extras import COSTS, LEFT_OUT, ON_REQUEST, Wanted, cost_of_lack, extras, install_all, tools
from parabench.run.installer import Installer, find_installer, install

UV = Installer(name="uv", command=("uv",))
PIP = Installer(name="pip", command=("pip",))


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def installing(monkeypatch: pytest.MonkeyPatch, without: set[str]) -> list[list[str]]:
    """Calls of an installer that has no wheel of some requirements."""
    calls: list[list[str]] = []

    def fake(_: Installer, requirements: list[str], *, build: bool, seconds_at_most: float) -> list[str] | None:
        assert not build
        assert seconds_at_most <= 90
        calls.append(list(requirements))
        lacking = sorted(without & set(requirements)) if "--no-binary" not in requirements else []
        return [f"no wheel of {lacking[0]} fits this interpreter"] if lacking else None

    monkeypatch.setattr(verb, "install", fake)
    monkeypatch.setattr(verb.platform, "python_implementation", lambda: "CPython")
    return calls


def test_uv_takes_all_at_once_and_goes_one_by_one_only_when_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"gevent": Wanted(("gevent>=25",)), "report": Wanted(("msgspec",))}
    said: list[str] = []
    calls = installing(monkeypatch, set())
    install_all(wanted, UV, said.append)
    assert (calls, said) == ([["gevent>=25", "msgspec"]], [])
    calls = installing(monkeypatch, {"msgspec"})
    install_all(wanted, UV, said.append)
    assert calls == [["gevent>=25", "msgspec"], ["gevent>=25"], ["msgspec"]]
    assert said == [f"left out: report, for no wheel of msgspec fits this interpreter; without it {COSTS['report']}"]


def test_pip_is_never_asked_for_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = installing(monkeypatch, set())
    install_all({"a": Wanted(("one",)), "b": Wanted(("two", "three"))}, PIP, pytest.fail)
    assert calls == [["one"], ["two", "three"]]


def test_what_a_marker_keeps_from_this_interpreter_is_said_and_the_rest_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    calls = installing(monkeypatch, set())
    install_all({"run": Wanted(("virtualenv",), ("other",))}, PIP, said.append)
    assert calls == [["virtualenv"]]
    assert said == [f"left out: run, for other has no release for this interpreter; without it {COSTS['run']}"]


def test_what_needs_no_compiler_is_built_where_it_has_no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = installing(monkeypatch, {"pyyaml"})
    install_all({"github": Wanted(("responses", "pyyaml"))}, PIP, pytest.fail)
    assert calls == [["responses", "pyyaml"], ["--no-binary", "pyyaml", "responses", "pyyaml"]]


#: What models of extras import.
LIBRARIES = {"uvloop", "gevent", "joblib", "trio", "anyio", "celery", "rq", "dramatiq", "redis", "dask", "distributed"}


def test_the_cost_of_an_extra_of_models_are_the_models_that_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    for name in [module for module in sys.modules if module.partition(".")[0] in LIBRARIES]:
        monkeypatch.delitem(sys.modules, name)  # another test may have imported it
    assert cost_of_lack("dask") == "no dask, dask-threads among the models, nor their tests"
    assert cost_of_lack("uvloop") == "no asyncio-uvloop among the models, nor their tests"
    for extra in extras():
        assert cost_of_lack(extra) != "nothing that is known", extra


def test_every_tool_says_what_there_is_not_without_it() -> None:
    found = tools({"test", "lint"})
    assert {"hypothesis", "jsonschema", "mypy", "ruff", "ruptures", "import-linter"} <= found.keys()
    assert found.keys() <= COSTS.keys()
    assert {"test", "lint", "dev"} <= LEFT_OUT


def is_for_here(name: str) -> bool:
    """Whether an extra has anything for this interpreter: there is no Ray for the newest."""
    return bool(verb.extras({name})[name].requirements)


def test_extras_that_are_not_installed_unasked_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"trustme"}

    def version(name: str) -> str:
        if name not in there:
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(verb, "version", version)
    costs = "; ".join(f"{name}: without it {COSTS[name]}" for name in ("numpy", "ray", "remote") if is_for_here(name))
    assert verb.not_asked_for() == f"left out unless asked for ({costs}); 'pip install \"parabench[NAME]\"' adds one"
    there |= {"numpy", "threadpoolctl", "ray", "fsspec", "s3fs"}
    assert verb.not_asked_for() is None
    developers = {"all", "browser", "dev", "docs", "lint", "pictures", "remote-servers", "test"}
    assert set(ON_REQUEST) | developers == LEFT_OUT, "a new extra is either installed, or named, or for developers"


def test_a_clean_installation_says_what_it_has_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installing(monkeypatch, set())
    monkeypatch.setattr(verb, "find_installer", lambda say: UV)
    monkeypatch.setattr(verb, "_is_there", lambda requirement: False)
    monkeypatch.setattr("sys.argv", ["extras"])
    verb.main()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out")]
    assert all(f"{name}: " in line for name in ("numpy", "ray", "remote", "tls") if is_for_here(name))


def test_a_uv_that_does_not_start_is_said_and_pip_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "uv", "echo 'pyenv: uv: command not found' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: True)
    said: list[str] = []
    assert find_installer(said.append).command[:3] == (sys.executable, "-m", "pip")
    assert said == ["uv is there, but of no use: pyenv: uv: command not found"]
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InstallerMissing, match="it has no pip, and there is no uv that works on PATH"):
        find_installer(said.append)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("ERROR: No matching distribution found for uvloop>=0.21", "no wheel of uvloop>=0.21 fits this interpreter"),
        (
            "cause: Because ...\nhint: Wheels are required for `msgpack` because",
            "no wheel of msgpack fits this interpreter",
        ),
        (
            "ERROR: Cannot install dask==1\nERROR: ResolutionImpossible: for help",
            "each version needs something that has no wheel for this interpreter",
        ),
        ("error: nothing\n  cause: Because it was not found", "Because it was not found"),
        ("WARNING: x\nERROR: disk full\n", "disk full"),
        ("", "no reason given"),
    ],
)
def test_the_reason_is_what_the_installer_says(tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "said").write_text(said)
    path = program(tmp_path, "installer", f"cat {tmp_path / 'said'}; exit 1")
    problem = install(Installer(name="pip", command=(str(path),)), ["x"], build=False, seconds_at_most=60)
    assert problem is not None
    assert problem[0] == reason


def test_an_installer_that_comes_to_no_end_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    path = program(tmp_path, "installer", f"sleep 1000 & echo $! > {tmp_path / 'child'}; wait")
    # Long enough for the shell to have started its child.
    problem = install(Installer(name="pip", command=(str(path),)), ["x"], build=False, seconds_at_most=2)
    assert problem == ["pip came to no end in 2 s"]
    child = (tmp_path / "child").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True, check=False).stdout
    assert state.strip()[:1] in ("", "Z")
