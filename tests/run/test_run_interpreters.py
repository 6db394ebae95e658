"""`parabench run --python`: names, environments, blocks and the table, with interpreters that are at hand."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from user_project import Project

python_discovery = pytest.importorskip("python_discovery")

from parabench.errors import InterpreterLacks, InterpreterNotFound, InterpreterUnusable, UnknownName  # noqa: E402
from parabench.run.extras import LEFT_OUT, extras  # noqa: E402
from parabench.run.interpreter_names import find_interpreters, known_interpreters  # noqa: E402

FREE_THREADED = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}{FREE_THREADED}"


def parabench(folder: Path, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "parabench"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.fixture
def few_interpreters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the interpreter of these tests be found: each that is at hand would be started and asked."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "no interpreters"))


@pytest.mark.usefixtures("few_interpreters")
@pytest.mark.parametrize("name", [OWN, f"python{OWN}", f"py{OWN.replace('.', '')}", sys.executable])
def test_names_are_those_of_tox_and_virtualenv(name: str) -> None:
    if platform.python_implementation() != "CPython":
        pytest.skip("its names are those of CPython")
    (found,) = find_interpreters([name])
    assert found.label == name
    assert found.description.startswith(f"CPython {platform.python_version()}")
    asked = subprocess.run(
        [found.executable, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == str(sys.version_info[:2])


@pytest.mark.usefixtures("few_interpreters")
def test_what_is_not_there_is_an_error_that_lists_what_is() -> None:
    with pytest.raises(InterpreterNotFound, match=r"no interpreter answers to '3\.99'") as raised:
        find_interpreters(["3.99"])
    assert known_interpreters()[0] in str(raised.value)
    assert "uv python install 3.99" in str(raised.value)


def test_a_build_with_a_gil_is_not_taken_for_a_free_threaded_one() -> None:
    for name in (f"{OWN.rstrip('t')}t", OWN.rstrip("t")):
        try:
            (found,) = find_interpreters([name])
        except InterpreterNotFound:
            continue
        assert ("free-threaded" in found.description) == name.endswith("t")


@pytest.mark.usefixtures("few_interpreters")
def test_switches_that_an_interpreter_has_not_got_are_refused() -> None:
    with pytest.raises(
        UnknownName, match=r"no switch of an interpreter matches '\+fast'; known: \+gil, \+jit, \+nojit"
    ):
        find_interpreters([f"{sys.executable}+fast"])
    if not getattr(getattr(sys, "_jit", None), "is_available", lambda: False)():
        with pytest.raises(InterpreterLacks, match="has not got a JIT compiler"):
            find_interpreters([f"{sys.executable}+jit"])


def test_every_extra_is_either_for_this_interpreter_or_left_out_on_purpose() -> None:
    found = extras()
    assert not LEFT_OUT & found.keys()
    assert "joblib" in found
    assert all(wanted.requirements or wanted.excluded for wanted in found.values())
    texts = [text for wanted in found.values() for text in wanted.requirements]
    assert not any("extra" in text or ";" in text for text in texts)


@pytest.mark.usefixtures("few_interpreters")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--python", "3.99"), "no interpreter answers to '3.99'"),
        (("--python", OWN, "--rev", "HEAD"), "--rev and --python compare different things"),
        (("--python", OWN, "--python", OWN), "--python was given the same name twice"),
        (("--python", OWN, "--python", f"python{OWN}"), "are the same interpreter"),
    ],
)
def test_usage_errors_end_with_status_2(project: Project, arguments: tuple[str, ...], told: str) -> None:
    result = parabench(project.root, "run", *arguments)
    assert result.returncode == 2
    assert told in " ".join(result.stderr.split())


def test_interpreters_alternate_and_end_in_a_table(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one interpreter twice, told apart by a link: the machinery, wherever the tests run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.root / "cache"))
    project.workload("mine", "def mine(item):\n    return sum(range(20_000))\n")
    project.experiment()
    # Environments without the network: what is imported here is importable there.
    for name in ("one", "two"):
        _prepared_environment(project, name)
    options = ("--sessions", "2", "--models", "sequential,thread-pool", "--passes", "1", "--on-busy", "allow")
    run = {"one": project.root / "one", "two": project.root / "two"}
    result = _run_on(project, run, options)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "interpreter" in next(line for line in lines if line.startswith("workload"))
    assert [line.split()[:3] for line in lines if " one " in line or " two " in line][:1] == [
        ["mine", "sequential", "one"]
    ]
    sessions = [json.loads(path.read_text())["parabench"]["run"] for path in project.sessions()]
    assert sorted(one["arm"] for one in sessions) == ["one", "one", "two", "two"]
    assert len({one["seed"] for one in sessions}) == 2
    assert {sessions[0]["arm"], sessions[1]["arm"]} == {"one", "two"}, "one session of each in a block"


FAILS = """
import multiprocessing

def mine(item):
    if multiprocessing.parent_process() is not None:
        raise RuntimeError("not in a process of a pool")
    return sum(range(20_000))
"""


@pytest.mark.parametrize("size", ["medium", *(pytest.param(s, marks=pytest.mark.slow) for s in ("small", "large"))])
def test_the_table_says_why_a_model_has_no_number_at_any_size(project: Project, monkeypatch, size: str) -> None:
    """One interpreter lacks the library of gevent, and processes fail on both."""
    pytest.importorskip("gevent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.root / "cache"))
    project.workload("mine", FAILS)
    project.experiment()
    for name in ("one", "two"):
        _prepared_environment(project, name)
    (packages,) = (project.root / "one").glob("lib/*/site-packages")
    (packages / "lacks_gevent.pth").write_text("import sys; sys.modules['gevent'] = None\n")
    run = {"one": project.root / "one", "two": project.root / "two"}
    models = ("sequential", "process-pool-fork", "gevent")
    options = ("--sessions", "1", "--models", ",".join(models), "--passes", "1", "--on-busy", "allow", "--size", size)
    result = _run_on(project, run, options)
    assert result.returncode == 1, result.stdout + result.stderr
    table = result.stdout[result.stdout.index("workload ") :]
    rows = [line.removeprefix("mine").split() for line in table.splitlines()[1:] if re.search(" (one|two),? ", line)]
    assert {row[0] for row in rows} == {*models}, "no model is called like a size"
    without = {row[0]: row[1:] for row in rows if row[-1].startswith("(")}
    assert without.keys() == {"process-pool-fork", "gevent"}
    assert [row[1] for row in rows if row[0] == "gevent"] == ["two", "one"]
    assert _note(table, without["process-pool-fork"][-1]).endswith("8 of 8 tasks failed")
    assert _note(table, without["gevent"][-1]).endswith("gevent is not installed")
    assert without["process-pool-fork"][:2] == ["one,", "two"]


@pytest.mark.slow
def test_laws_are_told_for_each_interpreter(project: Project) -> None:
    project.workload("mine", "import time\ndef mine(item):\n    time.sleep(0.002)\n    return item\n")
    project.experiment()
    pythons = {"one": project.root / "one", "two": project.root / "two"}
    for name in pythons:
        _prepared_environment(project, name)
    options = ("mine", "--models", "thread-pool", "--workers", "1,2", "--format", "json")
    result = _run_on(project, pythons, options, verb="scale")
    assert result.returncode == 0, result.stdout + result.stderr
    scalings = json.loads(result.stdout)["scalings"]
    assert [(scaling["model"], scaling["interpreter"]) for scaling in scalings] == [
        ("thread-pool", "one"),
        ("thread-pool", "two"),
    ]
    assert [list(scaling["tasks_per_second"]) for scaling in scalings] == [["1", "2"], ["1", "2"]]
    assert len(project.sessions()) == 10, "five of each"


def _note(table: str, number: str) -> str:
    (note,) = (line for line in table.splitlines() if line.startswith(number))
    return note


def _prepared_environment(project: Project, name: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.root / name)], check=True)


def _run_on(
    project: Project, pythons: dict[str, Path], options: tuple[str, ...], verb: str = "run"
) -> subprocess.CompletedProcess[str]:
    """The run, with environments that see the packages of this one instead of installing them."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    for folder in pythons.values():
        (target,) = folder.glob("lib/*/site-packages")
        (target / "shared.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
    script = (
        "import sys\n"
        "import parabench.cli._runs as verbs\n"
        "from parabench.run.state import Arm\n"
        f"arms = {{name: path for name, path in {[(n, str(p / 'bin' / 'python')) for n, p in pythons.items()]!r}}}\n"
        "verbs.interpreter_arms = lambda *_: [Arm(label=n, python=p, is_interpreter=True) for n, p in arms.items()]\n"
        "from parabench.cli import main\nmain()"
    )
    names = [part for name in pythons for part in ("--python", name)]
    command = [sys.executable, "-c", script, verb, *names, *options]
    return subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, timeout=200, check=False, env=dict(os.environ)
    )


def executable(folder: Path, text: str, mode: int = 0o755) -> str:
    path = folder / "interpreter"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("#!/bin/sh\necho broken >&2\nexit 3\n", 0o755, "it ended with exit status 3: broken"),
        ("#!/bin/sh\necho hello\n", 0o755, "it does not answer as a Python does"),
        ("#!/bin/sh\nkill -SEGV $$\n", 0o755, "it ended with signal SIGSEGV"),
        ("#!/bin/sh\nsleep 600\n", 0o755, "it did not answer within 0.5 s"),
        ("no program", 0o755, "Exec format error"),
        ("#!/bin/sh\n", 0o644, "Permission denied"),
        ("#!/bin/sh\necho 3.9\n", 0o755, "it is Python 3.9, and parabench needs 3.11 or newer"),
        (None, 0, "No such file or directory"),
    ],
)
def test_a_path_that_is_no_usable_python_is_one_clear_error(tmp_path, monkeypatch, text, mode, told) -> None:
    monkeypatch.setattr("parabench.run.interpreter_names.SECONDS_TO_ANSWER", 0.5)
    path = executable(tmp_path, text, mode) if text is not None else str(tmp_path / "nothing")
    with pytest.raises(InterpreterUnusable) as raised:
        find_interpreters([path])
    assert told in str(raised.value)
    assert path in str(raised.value)
    assert "uv python install" not in str(raised.value)
    assert "name another with --python" in str(raised.value)


@pytest.mark.parametrize("name", ["3.8", "python2.7", "py310"])
def test_a_version_that_parabench_does_not_run_on_is_not_advised(name: str) -> None:
    with pytest.raises(InterpreterUnusable, match=r"parabench needs 3\.11 or newer") as raised:
        find_interpreters([name])
    assert "uv python install" not in str(raised.value)


def test_the_command_says_it_without_a_traceback(tmp_path: Path) -> None:
    said = parabench(tmp_path, "run", "--python", executable(tmp_path, "#!/bin/sh\nexit 3\n"))
    assert said.returncode == 2
    assert "Traceback" not in said.stderr
    assert "it ended with exit status 3" in " ".join(said.stderr.split())
