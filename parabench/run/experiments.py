"""What a session runs that names no tests: the project's experiments, or those that come with parabench."""

from __future__ import annotations

from collections.abc import Sequence

from parabench.gallery import EVERY_KIND, INI, gallery_folder
from parabench.project import Project
from parabench.run.arguments import whole_folder, with_whole_folders


def with_experiments(project: Project, arguments: Sequence[str]) -> list[str]:
    """The arguments of a session that names no tests, with the project's benchmarks before them.

    A project without any gets our experiment for its workloads; where there are none either, all that comes with
    parabench is run. Folders among the arguments are the project's, wherever the experiments are.
    """
    arguments = with_whole_folders(arguments, project.root)
    if (project.root / "benchmarks").is_dir():
        return [str(project.root / "benchmarks"), *arguments]
    workloads = project.folder("parabench_workloads_dir", "workloads")
    if workloads.is_dir() or any("workloads-dir=" in argument for argument in arguments):
        ini = f"--config-file={project.ini_file or INI}"
        # Else pytest puts the folder that parabench is in before all others, which in a checkout has `workloads`, too.
        mode = "--import-mode=importlib"
        return [ini, f"--rootdir={project.root}", mode, str(EVERY_KIND), *arguments]
    gallery = gallery_folder()
    results = f"--parabench-results={whole_folder(project.ini.get('parabench_results') or 'results', project.root)}"
    experiments = [f"--config-file={gallery / 'pytest.ini'}", "-p", "no:cacheprovider", results]
    return [*experiments, str(gallery / "benchmarks"), *arguments]
