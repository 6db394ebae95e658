"""Revisions of the user's repository, each checked out beside it for as long as a run lasts."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from parabench.errors import GitFailed


def commit_of(root: Path, revision: str) -> str:
    """The commit that git means by a name. Raises GitFailed."""
    return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()


@contextlib.contextmanager
def checked_out(root: Path, commits: Sequence[str]) -> Iterator[dict[str, Path]]:
    """A work tree of each commit; gone afterwards. Raises GitFailed."""
    top = Path(_git(root, "rev-parse", "--show-toplevel").strip())
    inner = root.resolve().relative_to(top.resolve())
    folder = Path(tempfile.mkdtemp(prefix="parabench-trees-"))
    try:
        trees = {}
        for commit in dict.fromkeys(commits):
            # Paths of one length: what a path's length does to a process is varied on purpose elsewhere.
            tree = folder / commit[:12]
            _git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
            trees[commit] = tree / inner
        yield trees
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(GitFailed):
            _git(root, "worktree", "prune")


def _git(root: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise GitFailed(arguments, "there is no git on this machine")
    answer = subprocess.run([git, *arguments], cwd=root, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise GitFailed(arguments, answer.stderr.strip() or "it knows no such commit")
    return answer.stdout
