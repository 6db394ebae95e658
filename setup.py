"""Which packages a wheel has, and the README as an index of packages shows it; all else is in pyproject.toml.

The workloads and experiments of the checkout are installed as `parabench.gallery`, not as anybody's `workloads`.
"""

import re
import tomllib
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
GALLERY = {"parabench.gallery.benchmarks": "benchmarks", "parabench.gallery.workloads": "workloads"}


def readme() -> str:
    """README.md with whole addresses in its links: on another site there are no files beside it."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = project["urls"]["Source"]
    text = (HERE / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^\]]*\]\()(?!https?:)", rf"\1{source}/raw/main/", text)
    return re.sub(r"(?<=\]\()(?!https?:|#)", f"{source}/blob/main/", text)


setup(
    packages=[
        *find_packages(include=["parabench*"]),
        "parabench.gallery.benchmarks",
        *(f"parabench.gallery.{name}" for name in find_packages(include=["workloads*"])),
    ],
    package_dir={"": ".", **GALLERY},
    long_description=readme(),
    long_description_content_type="text/markdown",
)
