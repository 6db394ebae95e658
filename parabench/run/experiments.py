"""What a session runs that names no tests: the project's experiments, or those that come with parabench."""

from __future__ import annotations

from collections.abc import Sequence

from parabench.gallery import EVERY_KIND, INI, gallery_folder
from parabench.project import Project


def experiments_of(project: Project, arguments: Sequence[str] = ()) -> list[str]:
    """The project's benchmarks; without any, ours of its workloads; without those, all that comes with parabench.

    `arguments` are what else the session is told: they may name a folder of workloads.
    """
    if (project.root / "benchmarks").is_dir():
        return [str(project.root / "benchmarks")]
    gallery = gallery_folder()
    workloads = project.folder("parabench_workloads_dir", "workloads")
    if workloads.is_dir() or any("workloads-dir" in argument for argument in arguments):
        return [f"--config-file={project.ini_file or INI}", f"--rootdir={project.root}", str(EVERY_KIND)]
    results = f"--parabench-results={project.folder('parabench_results', 'results')}"
    return [f"--config-file={gallery / 'pytest.ini'}", "-p", "no:cacheprovider", results, str(gallery / "benchmarks")]
