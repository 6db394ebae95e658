"""Whether a model's libraries are there, said without raising."""

from __future__ import annotations

import sys
import types

import pytest

from parabench.models.contract import needs_extra


def test_a_module_that_has_put_another_one_in_its_place_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = types.ModuleType("replaces_itself")
    replaced.__spec__ = None
    monkeypatch.setitem(sys.modules, "replaces_itself", replaced)
    assert needs_extra("replaces_itself", "queues")() is None


def test_a_module_that_is_not_there_is_named_with_the_command_that_installs_it() -> None:
    missing = needs_extra("json", "queues", "no_such_module")()
    assert missing is not None
    assert (missing.reason, missing.install) == ("no_such_module is not installed", 'pip install "parabench[queues]"')
