"""A patched script that runs batches on greenlets, over its standard input and output, and who talks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def gevent_script(workers: int) -> Iterator[Callable[[Sequence[Any]], list[Any]]]:
    """Start the script; a batch is a line each way."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", __name__, str(workers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def run(items: Sequence[Any]) -> list[Any]:
            requests.write(json.dumps(items) + "\n")
            requests.flush()
            results: list[Any] = json.loads(answers.readline())
            return results

        yield run
        requests.close()


def attempt(item: Any) -> list[Any]:
    """What the task returned, and what it raised, as text."""
    from workloads.overhead import no_op

    try:
        return [no_op(item), None]
    except Exception as error:
        return [None, repr(error)]


def work(todo: Any, done: Any) -> None:
    """One of N greenlets that live for as long as the script: `Pool.map`, a greenlet for each item, costs far more."""
    for index, item in todo:
        done.put((index, attempt(item)))


def main() -> None:
    from gevent import spawn
    from gevent.queue import Queue

    todo, done = Queue(), Queue()
    for _ in range(int(sys.argv[1])):
        spawn(work, todo, done)
    for line in sys.stdin:
        items = json.loads(line)
        for indexed in enumerate(items):
            todo.put(indexed)
        results: list[Any] = [None] * len(items)
        for _ in items:
            index, result = done.get()
            results[index] = result
        print(json.dumps(results), flush=True)


if __name__ == "__main__":
    main()
