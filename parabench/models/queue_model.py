"""Makes the model of a task queue from what its library says of itself; `parabench/queues/` knows no models.

A model's file adds what only the model has: its descriptions.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.queues.library import QueueLibrary
from parabench.queues.opening import open_queue


def queue_model(library: QueueLibrary, **texts: Any) -> Model:
    """The model that sends its tasks over a queue of this library. `texts`: its description, and what else is said."""
    is_processes = library.worker == "process"
    extra, *others = library.libraries
    return Model(
        name=library.model,
        family="queues",
        capabilities=Capabilities(
            worker=library.worker,
            shares_memory=False,  # threads do among themselves, but not with who sends them work
            pickles=False,
            parallel_bytecode=is_processes,
            start_method="fork" if is_processes else None,
            needs_service=True,
            json_only=True,
        ),
        open=partial(open_queue, library),
        availability=needs_extra(extra, extra, *others),
        libraries=library.libraries,
        on_request=True,
        address="broker",
        queue=library,
        **texts,
    )
