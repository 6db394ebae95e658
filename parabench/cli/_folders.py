"""Folders of the user's project, found from wherever a verb is started."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from parabench.errors import GalleryMissing
from parabench.gallery import gallery_folder
from parabench.history.remote import is_url, local_folder
from parabench.project import pasted, project_of


def project_folder(ini_name: str, default: str) -> Callable[[], Path]:
    """A folder of the project, found from wherever the verb is started as pytest would find it."""

    def found() -> Path:
        project = project_of(Path.cwd())
        if is_url(url := project.ini.get(ini_name, "")):
            return local_folder(url)
        return Path(pasted(project.folder(ini_name, default)))

    return found


def workloads_dir() -> Path:
    """The project's own workloads; where there are none, those that come with parabench."""
    own = project_folder("parabench_workloads_dir", "workloads")()
    if own.is_dir():
        return own.resolve()
    with contextlib.suppress(GalleryMissing):
        return gallery_folder() / "workloads"
    return own
