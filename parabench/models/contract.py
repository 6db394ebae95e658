"""What a concurrency model is: a way to run a batch of tasks with N workers.

A model is one file in this folder with a module-level `MODEL` or `MODELS`; nothing else is edited. Libraries are loaded
inside `availability` and `open`, never at the top of the file.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parabench.errors import ChunkUnknown
from parabench.records import Unavailable
from parabench.task import Run, TaskCall
from parabench.workers.services import Services

if TYPE_CHECKING:
    from parabench.queues.library import QueueLibrary


Opened = AbstractContextManager[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Facts about a model that reports and plans rely on."""

    #: What a worker is: "caller", "thread", "process", "coroutine", "greenlet" or "interpreter".
    worker: str
    #: Workers see the same Python objects.
    shares_memory: bool
    #: Items and values are pickled on their way.
    pickles: bool
    #: Python bytecode of several tasks runs at the same time on this build.
    parallel_bytecode: bool
    #: Awaits coroutine twins, and the library whose event loop does: "asyncio" or "trio"; None without one.
    accepts_coroutines: bool = False
    async_library: str | None = None
    #: Start method of the processes: multiprocessing's word for it, or "loky"; None without processes.
    start_method: str | None = None
    #: "asyncio" or "uvloop" where such a loop runs or hands out the tasks; None without one.
    event_loop: str | None = None
    serialiser: str = "pickle:dumps"  # the function that writes what workers are sent; pickle reads it
    json_only: bool = False  # items and values travel as JSON
    needs_service: bool = False  # outside the harness's process tree: a broker, a scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A named model: `availability()`, `open(workers, call)` and, from it, `run(batch)`."""

    name: str
    #: Models of one family share a colour and a paragraph: "baseline", "threads", "processes", ...
    family: str
    description: str
    #: When to use it, in a sentence or two; what it cannot do, or costs: for docs/models.md.
    when: str
    limits: str
    #: The shortest program that uses it: `work` and `items` come from a module `my_work`, the value of each item, or
    #: "<item> failed: <why>", is printed, in their order. A test runs it.
    snippet: str
    capabilities: Capabilities
    #: (workers, call) -> context manager yielding `Run`. On entry every worker is started and has prepared the call;
    #: on exit nothing of the model is left. Those that need a service take a third argument, `services`; those with
    #: several chunks the keyword `chunk`.
    open: Callable[..., Opened]
    #: None when the model can run here; never raises.
    availability: Callable[[], Unavailable | None]
    #: Distributions whose versions decide whether two numbers of this model may be compared.
    libraries: tuple[str, ...] = ()
    on_request: bool = False  # it starts servers, and a visit takes seconds: runs when it is named
    variant: bool = False  # of a model that runs by default: runs when it is named, and with --everything
    #: How many items a message may hold: "1", and "auto" where the library has a way of its own to choose.
    chunks: tuple[str, ...] = ("1",)
    #: Which field of Services names its server when that is somebody else's.
    address: str | None = None
    unserved: Callable[[Services], Unavailable | None] = lambda _: None  # why it cannot run with these services
    #: What `parabench worker` runs on other hosts; None for models that are no queue.
    queue: QueueLibrary | None = None

    def is_external(self, external_services: Iterable[str]) -> bool:
        """Whether its server is one of those that somebody else runs, by their fields of Services."""
        return self.address is not None and self.address in external_services

    def open_with(self, workers: int, call: TaskCall, services: Services, chunk: str = "1") -> Opened:
        """Open the model, told of other people's services and of the chunk if it can be. Raises ChunkUnknown."""
        if chunk not in self.chunks:
            raise ChunkUnknown(self.name, chunk, self.chunks)
        options = {"chunk": chunk} if len(self.chunks) > 1 else {}
        return self.open(workers, call, *([services] if self.capabilities.needs_service else []), **options)


def always() -> Unavailable | None:
    """Availability of models that need the standard library only."""
    return None


def install_command(extra: str) -> str:
    """What gets the libraries of an extra."""
    return f'pip install "parabench[{extra}]"'


def needs_extra(module: str, extra: str, *others: str) -> Callable[[], Unavailable | None]:
    """Availability of models whose library (and others that it needs) is an extra of this package."""

    def availability() -> Unavailable | None:
        for name in (module, *others):
            if sys.modules.get(name) is None and importlib.util.find_spec(name) is None:  # kombu takes its spec away
                return Unavailable(f"{name} is not installed", install_command(extra))
            try:
                importlib.import_module(name)
            except Exception as error:  # a broken extension may raise anything
                return Unavailable(f"{name} does not import on this interpreter: {type(error).__name__}: {error}", None)
        return None

    return availability
