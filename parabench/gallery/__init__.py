"""The workloads and experiments that come with parabench: of the checkout, or installed beside this file.

They are `workloads/` and `benchmarks/` of the repository; a wheel has them as `parabench.gallery.workloads` and
`parabench.gallery.benchmarks` (`package_dir` in setup.py). They are imported as `workloads`, here as there.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from parabench.errors import GalleryMissing

#: The experiment of projects that have workloads and no benchmarks, and an ini file for those that have none either.
EVERY_KIND = Path(__file__).with_name("test_every_kind.py")
INI = Path(__file__).with_name("pytest.ini")


def gallery_folder() -> Path:
    """The folder that has `workloads`, `benchmarks` and a pytest.ini for them. Raises GalleryMissing."""
    spec = importlib.util.find_spec(f"{__name__}.workloads")
    if spec is None or spec.origin is None:
        raise GalleryMissing
    return Path(spec.origin).parents[1]
