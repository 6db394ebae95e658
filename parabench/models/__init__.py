"""Concurrency models: one file each, found by `find_models`.

`contract` says what a model is, `queue_model` makes those of task queues.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib
import pkgutil
from collections.abc import Sequence

from parabench.errors import DuplicateName, ModelNotLoadable
from parabench.models.contract import Model

__all__ = ["BASELINE", "Model", "baseline_is_added", "find_models"]
#: The model that every speed-up is a ratio to: it always runs.
BASELINE = "sequential"
_NOT_MODELS = {"contract", "queue_model"}


@functools.cache
def find_models() -> dict[str, Model]:
    """Every model by its name, whether it can run here or not.

    Raises ModelNotLoadable if a file does not import or declares neither MODEL nor MODELS, DuplicateName if two
    models claim one name.
    """
    models: dict[str, Model] = {}
    origin: dict[str, str] = {}
    for info in pkgutil.iter_modules(__path__, f"{__name__}."):
        if info.name.rpartition(".")[2] in _NOT_MODELS:
            continue
        try:
            module = importlib.import_module(info.name)
            declared = module.MODELS if hasattr(module, "MODELS") else (module.MODEL,)
        except Exception as error:  # whatever a broken file raises is what its author has to read
            raise ModelNotLoadable(info.name, error) from error
        for model in declared:
            if model.name in models:
                raise DuplicateName("model", model.name, origin[model.name], info.name)
            models[model.name], origin[model.name] = model, info.name
    return models


def baseline_is_added(patterns: Sequence[str]) -> bool:
    """Whether models were asked for by names or patterns that leave out the baseline."""
    return bool(patterns) and not any(fnmatch.fnmatchcase(BASELINE, pattern) for pattern in patterns)
