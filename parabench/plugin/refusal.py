"""How the plugin refuses: pytest prints the text of a usage error as it is, and errors quote files and servers."""

from __future__ import annotations

import pytest

from parabench.errors.visible import for_terminal


def refused(problem: object) -> pytest.UsageError:
    """The usage error that tells of a problem."""
    return pytest.UsageError(for_terminal(str(problem)))
