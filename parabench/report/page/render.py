"""The data object as one HTML file: template, styles and scripts inside, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from parabench.errors import LibraryMissing, StoreNotWritable
from parabench.report.page.data import Report
from parabench.report.page.figures_in_words import json_text
from parabench.report.page.packing import packed_json

#: The parts of the script, in the order in which they are put together.
SCRIPTS = ("unpack.js", "words.js", "walk.js", "timeline.js", "pictures.js", "filters.js")
NAME = "report.html"
_HERE = "parabench.report.page"


def page_of(report: Report, live: float | None = None, version: str = "") -> str:
    """The page; `live`: seconds after which it looks again whether its server has a newer one than `version`.

    Raises LibraryMissing without jinja2.
    """
    try:
        import jinja2
    except ImportError as error:
        raise LibraryMissing("the report as a page", "jinja2", "report") from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_text("page.html.j2"))
    libraries = json.loads(_text("vendor/vendor.json"))
    style = _text("page.css")
    scripts = [
        *(_text(f"vendor/{library['file']}") for library in libraries),
        '"use strict";\n' + "\n".join(map(_text, SCRIPTS)),
        *([_text("live.js")] if live else []),
    ]
    allowed_styles = [_hash(style), *(style_hash for library in libraries for style_hash in library["styles"])]
    packed = {"pictures": [packed_json(pictures) for pictures in report.pictures]}
    return template.render(
        **report.data,
        style=_safe(style),
        scripts=[_safe(script) for script in scripts],
        libraries=libraries,
        live=live,
        version=version,
        json=_safe(json_text(packed)),
        policy=policy(allowed_styles, scripts, "'self'" if live else "'none'"),
    )


def write_page(report: Report, path: Path) -> Path:
    """Write the page whole or not at all. Raises StoreNotWritable, LibraryMissing."""
    text = page_of(report)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreNotWritable(path.parent, error) from error
    return path


def policy(styles: Sequence[str], scripts: Sequence[str], connect: str = "'none'") -> str:
    """A content security policy: styles with these hashes, these scripts, pictures in the file, and no request."""
    allowed_styles = " ".join(f"'{style}'" for style in styles)
    allowed_scripts = " ".join(f"'{_hash(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed_scripts}; style-src {allowed_styles}; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


@cache
def _text(name: str) -> str:
    return files(_HERE).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _safe(text: str) -> Any:
    """Text of our own that is no HTML to escape."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, and JSON without a single angle bracket
