"""Commits of the user's repository, as git knows them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from parabench.errors import GitFailed


def commit_of(root: Path, revision: str) -> str:
    """The commit that git means by a name. Raises GitFailed."""
    return git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


def commit_known(name: str) -> str | None:
    """The commit that git means by a name, in the working directory; None when it knows none, or is not there."""
    if name.startswith("-"):
        return None
    try:
        return commit_of(Path(), name)
    except GitFailed:
        return None


def git(root: Path, *arguments: str) -> str:
    """What a git command prints in a folder. Raises GitFailed."""
    executable = shutil.which("git")
    if executable is None:
        raise GitFailed(arguments, "there is no git on this machine")
    answer = subprocess.run([executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise GitFailed(arguments, answer.stderr.strip() or "it knows no such commit")
    return answer.stdout
