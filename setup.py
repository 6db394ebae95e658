"""Which packages a wheel has; all else is in pyproject.toml.

The workloads and experiments of the checkout are installed as `parabench.gallery`, not as anybody's `workloads`.
"""

from setuptools import find_packages, setup

GALLERY = {"parabench.gallery.benchmarks": "benchmarks", "parabench.gallery.workloads": "workloads"}

setup(
    packages=[
        *find_packages(include=["parabench*"]),
        "parabench.gallery.benchmarks",
        *(f"parabench.gallery.{name}" for name in find_packages(include=["workloads*"])),
    ],
    package_dir={"": ".", **GALLERY},
)
