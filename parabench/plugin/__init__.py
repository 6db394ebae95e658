"""The pytest plugin. Every pytest run where parabench is installed imports this file: it has the options and no more.

What measures cells is imported when a test asks for one. This package is the only part of parabench that knows pytest.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

import pytest

from parabench.errors import ParabenchError
from parabench.errors.spelling import long_names
from parabench.plugin.pytest_options import add_options, has_short_names, is_asked_for
from parabench.workload import KINDS

if TYPE_CHECKING:
    from types import ModuleType

    from parabench.plugin.measured_cell import MeasuredCell

__all__ = ["MeasuredCell", "cell"]

PROBLEM = pytest.StashKey[str]()


def __getattr__(name: str) -> Any:
    """`MeasuredCell`, which experiments name in their annotations."""
    if name == "MeasuredCell":
        from parabench.plugin.measured_cell import MeasuredCell

        return MeasuredCell
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_worker(config: pytest.Config) -> bool:
    """Whether pytest-xdist has started this process to run tests beside those of others."""
    return hasattr(config, "workerinput")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the options of the experiment, each also as an ini option."""
    add_options(parser, cast("pytest.Config", pluginmanager.get_plugin("pytestconfig")))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check options that were given before anything is collected. All else waits until a test asks for cells."""
    spelling = contextlib.ExitStack()
    spelling.enter_context(long_names(used=not has_short_names(config)))
    config.add_cleanup(spelling.close)
    for kind, (_, meaning) in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")
    if is_asked_for(config) and not is_worker(config):
        try:
            _session_hooks(config)
        except ParabenchError as error:
            raise _refused(error) from None


def _refused(problem: object) -> pytest.UsageError:
    from parabench.plugin.refusal import refused

    return refused(problem)


def _session_hooks(config: pytest.Config) -> ModuleType:
    """What measures cells, registered once it is needed. Raises ParabenchError the first time, if options are wrong."""
    from parabench.machine.abilities import must_be_able

    must_be_able("measuring")
    from parabench.plugin import session_hooks

    if not config.pluginmanager.is_registered(session_hooks):
        config.pluginmanager.register(session_hooks, "parabench-session")
        session_hooks.begin(config)
    return session_hooks


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make items of a test that asks for cells."""
    if "cell" not in metafunc.fixturenames or metafunc.definition.get_closest_marker("parametrize"):
        return
    fixture = metafunc._arg2fixturedefs.get("cell", ())
    if not fixture or fixture[-1].func is not cell._get_wrapped_function():
        return  # another project's own fixture of that name
    if is_worker(metafunc.config):
        metafunc.fixturenames.append("refused")
        metafunc.parametrize("refused", [True], ids=["not-side-by-side"])
        return
    try:
        if PROBLEM not in metafunc.config.stash:
            _session_hooks(metafunc.config).make_items_of(metafunc)
    except ParabenchError as error:
        metafunc.config.stash[PROBLEM] = str(error)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Say what keeps cells from being measured: raised while collecting, it would be an error of one file."""
    if PROBLEM in config.stash:
        raise _refused(config.stash[PROBLEM])


@pytest.fixture
def cell(request: pytest.FixtureRequest, benchmark: Any) -> MeasuredCell:
    """The cell of this item, ready to be measured: `cell.measure()` is all that an experiment has to say."""
    if is_worker(request.config):
        benchmark._mode = "refused"  # else pytest-benchmark warns that it was not used
        pytest.fail("parabench: cells are measured alone on a machine: run without pytest-xdist (-n 0)", pytrace=False)
    from parabench.plugin.measured_cell import measured_cell

    return measured_cell(request, benchmark)
