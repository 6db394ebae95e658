"""What workers elsewhere are, compared with what their client needs: the same package, interpreter and work."""

from __future__ import annotations

import functools
import os
import platform
from importlib.metadata import version

from parabench.task import TaskCall, call_from_text
from parabench.workers.environment import PEERS_VARIABLE
from parabench.workload import source_hash_of_task


@functools.cache
def identity() -> dict[str, str]:
    """What has to be the same at both ends besides the source of the work: package version and interpreter."""
    interpreter = f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}"
    return {"version": version("parabench"), "python": interpreter}


#: By process, as imported: a file that is changed later does not change what a worker runs.
source_of = functools.cache(source_hash_of_task)


def difference(client: dict[str, str], worker: dict[str, str]) -> str | None:
    """What differs between the two ends, in words that name both; None when nothing does."""
    names = {"version": "parabench", "python": "Python", "source": "the workload's source"}
    differing = [key for key in client if client[key] != worker.get(key)]
    parts = [f"{names[key]} is {client[key]} at the client and {worker.get(key)} at the worker" for key in differing]
    return "; ".join(parts) or None


def introduction_for(call: TaskCall) -> dict[str, str]:
    """What a worker has to be to do this call as its client would."""
    return {**identity(), "source": str(source_of(call.task))}


def introduce(text: str, peers: list[str]) -> dict[str, str]:
    """What this worker is, for clusters; mocked workloads will let it go on talking to its peers."""
    os.environ[PEERS_VARIABLE] = ",".join(peers)
    try:
        return introduction_for(call_from_text(text))
    except Exception as error:  # the client tells the difference
        return {**identity(), "source": f"not to be had ({type(error).__name__}: {error})"}
