"""The GitHub token: read from the environment where it is needed, never kept in settings and never shown."""

from __future__ import annotations

import os
import re

from workloads.github.errors import TokenUnusable

VARIABLE = "GITHUB_TOKEN"


def read_token() -> str | None:
    """The token of this process's environment; None without one. Raises TokenUnusable, without quoting it."""
    token = os.environ.get(VARIABLE, "").strip()
    if not token:
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", token):  # libraries would quote it in their own complaint
        raise TokenUnusable(VARIABLE)
    return token
