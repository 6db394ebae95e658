"""Revisions of the user's repository, each checked out beside it for as long as a run lasts."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from parabench.errors import GitFailed
from parabench.history.commits import git


@contextlib.contextmanager
def checked_out(root: Path, commits: Sequence[str]) -> Iterator[dict[str, Path]]:
    """A work tree of each commit; gone afterwards. Raises GitFailed."""
    top = Path(git(root, "rev-parse", "--show-toplevel").strip())
    inner = root.resolve().relative_to(top.resolve())
    folder = Path(tempfile.mkdtemp(prefix="parabench-trees-"))
    try:
        trees = {}
        for commit in dict.fromkeys(commits):
            # Paths of one length: what a path's length does to a process is varied on purpose elsewhere.
            tree = folder / commit[:12]
            git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
            trees[commit] = tree / inner
        yield trees
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(GitFailed):
            git(root, "worktree", "prune")
