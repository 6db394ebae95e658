"""Write the verdicts into the pull request: one comment, which later runs change instead of adding another.

Takes FOLDER, PULL_REQUEST, TITLE (tells comments of several experiments apart) and TOKEN, and GitHub's GITHUB_API_URL
and GITHUB_REPOSITORY. A token that may not comment, as in a pull request from a fork, is a warning.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: GitHub refuses comments of more than 65,536 characters.
LETTERS_MOST = 65_000
COMMENTS_A_PAGE = 100
SECONDS_TO_ANSWER = 30
CUT = "\n\n(cut: the artefact of the job has all of it)\n"


def main() -> int:
    """Exit status 0, also when there is nobody to tell; 1 when GitHub does not answer as it should."""
    folder, number = Path(os.environ["FOLDER"]), int(os.environ["PULL_REQUEST"])
    marker = f"<!-- parabench: {os.environ.get('TITLE') or 'verdicts'} -->"
    body = _shortened(f"{marker}\n{(folder / 'verdicts.md').read_text(encoding='utf-8')}")
    comments = f"issues/{number}/comments"
    try:
        for known in _known(comments, marker):
            if _change(f"issues/comments/{known}", body):
                return 0
        _ask("POST", comments, {"body": body})
    except urllib.error.HTTPError as error:
        if error.code == 403:
            print("::warning::parabench may not comment here (403): tokens of forks only read; see the job's summary")
            return 0
        print(f"::error::parabench cannot comment: GitHub answered {error.code} {_shown(error.reason)}")
        return 1
    except (OSError, ValueError) as error:
        print(f"::error::parabench cannot comment: {_shown(error)}")
        return 1
    return 0


def _shown(said: object) -> str:
    """What a server said, in one line of visible characters: a runner obeys lines that begin with `::`."""
    line = " ".join(str(said).split()).replace("%", "%25")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def _shortened(body: str) -> str:
    """The body without what is too much, cut at the end of a line, and with its folded part closed."""
    if len(body) <= LETTERS_MOST:
        return body
    kept = body[:LETTERS_MOST].rpartition("\n")[0]
    is_open = kept.count("<details>") > kept.count("</details>")
    return kept + ("\n\n</details>" if is_open else "") + CUT


def _known(comments: str, marker: str) -> Iterator[int]:
    """Ids of the comments that begin with our marker, page by page."""
    page = 1
    while True:
        found = _ask("GET", f"{comments}?per_page={COMMENTS_A_PAGE}&page={page}")
        yield from (comment["id"] for comment in found if str(comment.get("body")).startswith(marker))
        if len(found) < COMMENTS_A_PAGE:
            return
        page += 1


def _change(comment: str, body: str) -> bool:
    """Change a comment; False when it is somebody else's."""
    try:
        _ask("PATCH", comment, {"body": body})
    except urllib.error.HTTPError as error:
        if error.code in (403, 404):
            return False
        raise
    return True


def _ask(method: str, path: str, content: dict[str, Any] | None = None) -> Any:
    """One request to GitHub's API. Raises OSError, of which HTTPError is one, and ValueError."""
    base = os.environ["GITHUB_API_URL"]
    told = urllib.parse.urlsplit(base)
    if told.scheme != "https" and told.hostname != "127.0.0.1":
        raise ValueError(f"GITHUB_API_URL is {base!r}: a token is sent by https only")
    request = urllib.request.Request(  # noqa: S310 - checked above
        f"{base}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        data=None if content is None else json.dumps(content).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as answer:  # noqa: S310 - as above
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
