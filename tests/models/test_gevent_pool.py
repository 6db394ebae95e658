"""What only the gevent model promises: a patched process of its own, and nothing patched here."""

import os
import threading
import time

import pytest

from parabench.models.gevent_pool import MODEL
from parabench.task import Batch, TaskCall

pytest.importorskip("gevent")


def test_its_process_is_patched_before_anything_of_ours_is_imported():
    call = TaskCall(task="tasks_for_tests:patched")
    with MODEL.open(2, call) as run:
        outcome = run(Batch(call, [None]))[0]
    assert outcome.failure is None
    assert outcome.value == [True] * 5


def test_the_caller_is_not_patched():
    call = TaskCall(task="os:getpgid")
    with MODEL.open(1, call) as run:
        assert run(Batch(call, [0]))[0].value == os.getpgid(0)
    assert time.sleep.__module__ == "time"
    assert threading.local.__module__ == "_thread"


def test_what_tasks_print_does_not_mix_with_answers(capfd):
    call = TaskCall(task="builtins:print")
    with MODEL.open(1, call) as run:
        assert run(Batch(call, ["null", '["a"]']))[0].failure is None
    assert capfd.readouterr().out == 'null\n["a"]\n'
